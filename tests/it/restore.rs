//! `larder restore`: what left the mirror comes back.

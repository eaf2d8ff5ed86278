//! Albums on disk, beside the library.

//! Connections that can be reset by the server, which a plain HTTP server never does on purpose.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections and remembers them.
#[derive(Debug)]
pub(crate) struct Gate {
    listener: TcpListener,
    open: Connections,
}

/// Every connection that is open, so that all can be cut when the simulator stops.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<Vec<Weak<Switch>>>>);

/// The handle by which one connection is reset.
#[derive(Debug, Clone)]
pub(crate) struct Line(Arc<Switch>);

/// A TCP connection with such a handle.
#[derive(Debug)]
pub(crate) struct LineIo {
    stream: TcpStream,
    line: Line,
}

#[derive(Debug, Default)]
struct Switch {
    cut: AtomicBool,
    reader: AtomicWaker,
}

impl Gate {
    pub(crate) fn new(listener: TcpListener, open: Connections) -> Gate {
        Gate { listener, open }
    }
}

impl Connections {
    pub(crate) fn reset_all(&self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for switch in open.drain(..).filter_map(|weak| weak.upgrade()) {
            Line(switch).reset();
        }
    }

    fn add(&self, line: &Line) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|weak| weak.strong_count() > 0);
        open.push(Arc::downgrade(&line.0));
    }
}

impl Line {
    /// Cuts the connection: the peer sees a reset, whatever was not yet sent is lost.
    pub(crate) fn reset(&self) {
        self.0.cut.store(true, Ordering::SeqCst);
        self.0.reader.wake();
    }
}

impl Listener for Gate {
    type Io = LineIo;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (LineIo, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) if stream.set_nodelay(true).is_ok() => {
                    let line = Line(Arc::default());
                    self.open.add(&line);
                    return (LineIo { stream, line }, address);
                }
                // A peer that is gone already, or no descriptors left for a moment.
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Gate>> for Line {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Line {
        stream.io().line.clone()
    }
}

impl LineIo {
    fn is_cut(&self) -> bool {
        self.line.0.cut.load(Ordering::SeqCst)
    }

    fn check(&self) -> io::Result<()> {
        if self.is_cut() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Drop for LineIo {
    fn drop(&mut self) {
        if self.is_cut() {
            // Closing with a lingering time of zero sends RST in place of FIN. A socket that cannot be set so is
            // gone already.
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for LineIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.line.0.reader.register(cx.waker());
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for LineIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}

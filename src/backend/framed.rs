//! stub
use tokio::io::AsyncWrite;
/// stub
#[derive(Debug)]
pub struct Framed;
impl Framed {
    pub(crate) fn new(w: impl AsyncWrite + Send + Unpin + 'static) -> Box<dyn AsyncWrite + Send + Unpin> {
        Box::new(w)
    }
}

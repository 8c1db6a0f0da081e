//! Frames on a stream: a big-endian `u32` length, then that many bytes.

use std::io;

use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use thiserror::Error;

/// Frames up to this length are copied together, so that many of them cost one write.
const COALESCE_MAX: usize = 16 * 1024;

/// Bytes of a length prefix.
const PREFIX: usize = 4;

/// Why no frame could be read.
#[derive(Debug, Error)]
pub(crate) enum FrameError {
    #[error("a frame of {length} bytes, where {max} are allowed")]
    TooLarge { length: usize, max: usize },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads one frame; `None` when the stream ends before it begins.
///
/// The length is checked before anything is reserved, and a buffer of zeroed pages costs no memory until bytes
/// arrive in it.
pub(crate) async fn read_frame<R>(reader: &mut R, max: usize) -> Result<Option<Bytes>, FrameError>
where
    R: AsyncRead + Unpin,
{
    let mut prefix = [0; PREFIX];
    let first = reader.read(&mut prefix).await?;
    if first == 0 {
        return Ok(None);
    }
    reader.read_exact(&mut prefix[first..]).await?;
    let length = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
    if length > max {
        return Err(FrameError::TooLarge { length, max });
    }
    let mut frame = vec![0; length];
    reader.read_exact(&mut frame).await?;
    Ok(Some(Bytes::from(frame)))
}

/// Writes `frames` in as few writes as is sensible, then flushes. `scratch` is working space to be used again.
pub(crate) async fn write_frames<W>(writer: &mut W, frames: &[Bytes], scratch: &mut Vec<u8>) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    scratch.clear();
    for frame in frames {
        let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        scratch.extend_from_slice(&length.to_be_bytes());
        if frame.len() <= COALESCE_MAX {
            scratch.extend_from_slice(frame);
        } else {
            writer.write_all(scratch).await?;
            scratch.clear();
            writer.write_all(frame).await?;
        }
    }
    writer.write_all(scratch).await?;
    writer.flush().await
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::io::Cursor;

    use super::*;

    #[test]
    fn frames_come_back_as_they_went() {
        let sizes = [0, 1, 3, COALESCE_MAX, COALESCE_MAX + 1, 200_000, 0, 7];
        let frames: Vec<Bytes> =
            sizes.iter().enumerate().map(|(i, &n)| Bytes::from(vec![u8::try_from(i).unwrap(); n])).collect();
        let mut wire = Cursor::new(Vec::new());
        block_on(write_frames(&mut wire, &frames, &mut Vec::new())).unwrap();
        wire.set_position(0);
        for frame in &frames {
            assert_eq!(block_on(read_frame(&mut wire, 200_000)).unwrap().as_ref(), Some(frame));
        }
        assert!(block_on(read_frame(&mut wire, 200_000)).unwrap().is_none());
    }

    #[test]
    fn bad_frames_are_refused() {
        let cases: [(&[u8], &str); 4] = [
            (&[0, 0, 0, 11], "a frame of 11 bytes, where 10 are allowed"),
            (&[255, 255, 255, 255, 1], "a frame of 4294967295 bytes, where 10 are allowed"),
            (&[0, 0, 0], "unexpected end of file"),
            (&[0, 0, 0, 5, 1, 2], "unexpected end of file"),
        ];
        for (bytes, error) in cases {
            let found = block_on(read_frame(&mut Cursor::new(bytes), 10)).unwrap_err();
            assert_eq!(found.to_string(), error);
        }
    }
}

//! Real servers on loopback addresses, each with the habit that the story gives it.

mod certificates;
mod dns;
mod tcp;
mod tls;

use std::{future::Future, net::SocketAddr, path::Path};

use socket2::Socket;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use self::certificates::Authority;
use super::{
    error::DemoError,
    story::{Chapter, Habit, Presents, Story},
    wire,
};

/// Everything stands as long as this value.
pub(super) struct Servers {
    authority: Authority,
    resolver: SocketAddr,
    /// Those that serve; ended with this value.
    _serving: JoinSet<()>,
    /// Those that only stand there.
    _standing: Vec<Socket>,
}

impl Servers {
    pub(super) async fn raise(story: &Story) -> Result<Self, DemoError> {
        let authority = Authority::new(wire::now())?;
        let mut serving = JoinSet::new();
        let mut standing = Vec::new();
        for chapter in &story.chapters {
            for (ip, habit) in &chapter.servers {
                let at = SocketAddr::from((*ip, chapter.port));
                match habit {
                    Habit::Silent => standing.extend(tcp::silent(at)?),
                    Habit::Closed => standing.push(tcp::closed(at)?),
                    Habit::PlainHttp => serve(&mut serving, at, tcp::plain_http).await?,
                    Habit::Tls(presents) => {
                        let acceptor = tls::acceptor(&authority, name(chapter, *presents), *presents)?;
                        serve(&mut serving, at, move |stream| tls::shake(acceptor.clone(), stream)).await?;
                    }
                }
            }
        }
        let resolver = dns::serve(&mut serving, dns::Zone::of(story)).await?;
        Ok(Self { authority, resolver, _serving: serving, _standing: standing })
    }

    pub(super) fn resolver(&self) -> SocketAddr {
        self.resolver
    }

    /// A PEM file with the root of every certificate here. It lives in memory and ends with the process.
    pub(super) fn authority(&self) -> &Path {
        self.authority.file()
    }
}

fn name(chapter: &Chapter, presents: Presents) -> &str {
    match presents {
        Presents::Valid | Presents::Expired => &chapter.host,
        Presents::ForAnotherName(name) => name,
    }
}

/// Accepts at this address until the servers end.
async fn serve<F>(
    serving: &mut JoinSet<()>,
    at: SocketAddr,
    habit: impl Fn(TcpStream) -> F + Send + 'static,
) -> Result<(), DemoError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = listen(at).await?;
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(habit(stream));
        }
    });
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, DemoError> {
    TcpListener::bind(address).await.map_err(|source| DemoError::Listen { address, source })
}

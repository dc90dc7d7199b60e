//! A DNS server on port 0 of loopback whose habit is a function.

use std::{io::ErrorKind, net::SocketAddr, sync::Arc};

use hickory_resolver::proto::op::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// Turns a question, and the answer as prepared so far, into the messages to send.
pub(crate) type Habit = dyn Fn(&[u8], Message, Transport) -> Vec<Vec<u8>> + Send + Sync;

pub(crate) async fn server(
    habit: impl Fn(&[u8], Message, Transport) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> SocketAddr {
    let habit: Arc<Habit> = Arc::new(habit);
    let (tcp, udp) = one_port().await;
    let address = tcp.local_addr().unwrap();
    tokio::spawn(over_udp(udp, Arc::clone(&habit)));
    tokio::spawn(over_tcp(tcp, habit));
    address
}

/// A port that is free for TCP need not be free for UDP: another test may ask from it just now.
pub(crate) async fn one_port() -> (TcpListener, UdpSocket) {
    let mut taken = Vec::new();
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        match UdpSocket::bind(tcp.local_addr().unwrap()).await {
            Ok(udp) => return (tcp, udp),
            // Kept, so that the kernel offers another one.
            Err(error) if error.kind() == ErrorKind::AddrInUse && taken.len() < 100 => taken.push(tcp),
            Err(error) => panic!("no port for both: {error}"),
        }
    }
}

pub(crate) async fn over_udp(socket: UdpSocket, habit: Arc<Habit>) {
    let mut question = [0; 512];
    while let Ok((length, peer)) = socket.recv_from(&mut question).await {
        for message in respond(&habit, &question[..length], Transport::Udp) {
            socket.send_to(&message, peer).await.unwrap();
        }
    }
}

pub(crate) async fn over_tcp(listener: TcpListener, habit: Arc<Habit>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let habit = Arc::clone(&habit);
        tokio::spawn(async move {
            let mut question = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut question).await.unwrap();
            for message in respond(&habit, &question, Transport::Tcp) {
                stream.write_u16(u16::try_from(message.len()).unwrap()).await.unwrap();
                stream.write_all(&message).await.unwrap();
            }
        });
    }
}

fn respond(habit: &Arc<Habit>, question: &[u8], transport: Transport) -> Vec<Vec<u8>> {
    let asked = Message::from_vec(question).unwrap();
    let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
    answer.add_queries(asked.queries);
    habit(question, answer, transport)
}

pub(crate) fn sent(message: &Message) -> Vec<Vec<u8>> {
    vec![message.to_vec().unwrap()]
}

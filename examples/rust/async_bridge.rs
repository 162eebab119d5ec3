//! A bridge: async code on one end of a channel, tasks on the other. No adapter in between.

use moonfleet::channel::{self, Sender, oneshot};
use moonfleet::{block_on, spawn};

/// A question, and where the answer is to go.
type Question = (u64, oneshot::Sender<u64>);

/// Plain async code, which runs under any executor and knows nothing of tasks.
async fn ask(questions: &Sender<Question>, number: u64) -> u64 {
    let (reply, answer) = channel::oneshot();
    questions.send_async((number, reply)).await.unwrap();
    answer.await.unwrap()
}

fn main() {
    moonfleet::run(|| {
        let (questions, asked) = channel::rendezvous::<Question>();
        let (news, heard) = channel::bounded(8);

        // A task answers, in blocking style. That the questions come from async code, it need not know.
        let server = spawn(move || {
            let mut answered = 0;
            for (number, reply) in asked.iter() {
                reply.send(number * number).unwrap();
                answered += 1;
            }
            answered
        });

        // `block_on` runs a future in a task, as one more thing to wait for. On a plain thread it works as well.
        let client = std::thread::spawn(move || {
            block_on(async move {
                for number in 1..=3 {
                    let square = ask(&questions, number).await;
                    news.send_async(format!("{number} squared is {square}")).await.unwrap();
                }
            });
        });

        // Here the other way round: a task receives what async code has sent.
        for line in heard.iter() {
            println!("{line}");
        }
        // A task's handle is a future, too.
        let answered = block_on(async { server.await.unwrap() });
        println!("{answered} questions were answered");
        client.join().unwrap();
    });
}

//! Ends: of the process while a call is carried, and of a caller's patience.

use std::io::Write;
use std::net::TcpStream;

use super::http::{connect, post};
use super::stand_ins::hesitant;
use super::{ORDER, sample, serve};
use crate::bench::{CALLER_KEY, until};

#[test]
fn a_call_that_is_being_carried_is_answered_before_the_process_ends() {
    let (vendor, allowed) = hesitant();
    let (_bench, serving) = serve(&vendor.url);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| serving.call(ORDER, &sample("purchaseorder")));
        until("the vendor is asked", || vendor.connections() == 1);
        serving.tell_to_stop();
        until("nobody is let in any more", || TcpStream::connect(serving.address()).is_err());
        until("it says so", || serving.err().contains("stopping"));
        allowed.add_permits(1);
        call.join().unwrap().succeeded();
    });
    until("it is told", || serving.out().contains("harborline/purchaseorder for acme by office: 200 in "));
    let told = serving.ended().succeeded();
    assert!(told.err.ends_with("stopped\n"), "{told}");
}

#[test]
fn an_order_whose_caller_has_hung_up_is_carried_and_told_all_the_same() {
    let (vendor, allowed) = hesitant();
    let (_bench, serving) = serve(&vendor.url);
    let hang_up_on = |number: usize| {
        let mut stream = connect(serving.address());
        stream.write_all(post(Some(CALLER_KEY), ORDER, &sample("purchaseorder")).as_bytes()).unwrap();
        until("the vendor is asked", || vendor.connections() == number);
    };
    hang_up_on(1);
    allowed.add_permits(1);
    until("it is told", || serving.out().contains("harborline/purchaseorder for acme by office: 200 in "));

    // The end of the process waits for such an order too.
    hang_up_on(2);
    serving.tell_to_stop();
    until("nobody is let in any more", || TcpStream::connect(serving.address()).is_err());
    allowed.add_permits(1);
    let told = serving.ended().succeeded();
    assert_eq!(told.out.matches(" for acme by office: 200 in ").count(), 2, "{told}");
}

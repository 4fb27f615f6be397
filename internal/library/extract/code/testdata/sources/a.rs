// want: - P T T.f T.g P P.new P P.fmt m m.inner mac _c
use std::fmt;

#[derive(Debug)]
pub struct P<'a> { x: &'a str }

pub trait T {
    fn f(&self) -> char;
    fn g(&self) -> char { '{' }
}

impl<'a> P<'a> {
    pub(crate) const fn new(x: &'a str) -> Self { P { x } }
}

impl<'a> fmt::Display for P<'a> where P<'a>: T {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"{"}"#)
    }
}

mod m {
    pub async fn inner() {}
}

macro_rules! mac {
    ($x:expr) => { $x };
}

#[no_mangle]
pub unsafe extern "C" fn _c(p: u32) {}

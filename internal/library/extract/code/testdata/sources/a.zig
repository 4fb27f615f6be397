// want: - A A.f main
const std = @import("std");

pub const A = struct {
    x: u8,
    pub fn f(self: A) void {
        _ = '{';
    }
};

pub fn main() !void {
    const s =
        \\ fn no() {
    ;
}

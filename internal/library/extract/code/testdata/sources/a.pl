#!/usr/bin/perl
# want: - new run
package A::B;
use strict;

=head1 run

sub no {

=cut

sub new {
    my $s = "sub no {";
    return $s =~ m/[(]/;
}

sub run { 1 }

__END__
sub no { }

<?php // want: - A A.f A.g h
namespace App\Model;

use X\Y;

if (!defined('A')) { exit; }

#[Attr(1)]
final class A extends B implements C
{
    private $x = 'its {';

    public function f(array $a = []): ?string
    {
        return <<<EOT
  function no() {
EOT;
    }

    protected static function &g() {}
}

function h() { return "}"; }

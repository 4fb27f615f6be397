# want: - Get-It C -
param($x)

<#
function No {}
#>
function Get-It {
    param([string]$a)
    "}"
}

class C {
    [int] no() { return 1 }
}

Get-It

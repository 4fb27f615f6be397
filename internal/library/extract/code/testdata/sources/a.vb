' want: - A A.F A.G
Imports System

Public Class A
    Public Function F(x As Integer) As Integer
        Return "Sub No()"
    End Function

    Private Sub G()
    End Sub
End Class

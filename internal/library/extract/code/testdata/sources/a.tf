# want: - aws_instance.web name
resource "aws_instance" "web" {
  ami = "x"
}

variable "name" {
  default = "resource"
}

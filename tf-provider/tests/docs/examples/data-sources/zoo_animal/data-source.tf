data "zoo_animal" "leo" {
  name = "Leo"
}

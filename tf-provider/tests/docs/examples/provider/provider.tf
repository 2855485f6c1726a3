provider "zoo" {
  city = "Springfield"
}

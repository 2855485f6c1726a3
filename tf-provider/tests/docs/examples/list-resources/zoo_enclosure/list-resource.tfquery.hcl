list "zoo_enclosure" "north" {
  provider = zoo

  config {
    quarter = "north"
  }
}

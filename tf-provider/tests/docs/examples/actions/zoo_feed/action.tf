action "zoo_feed" "lion" {
  config {
    name = "Leo"

    meal {
      dish = "beef"
    }
  }
}

# Lions

resource "zoo_enclosure" "lions" {
  name = "lions"

  animal {
    name = "Leo"
  }

  keeper {
    badge = "Ada"
  }
}

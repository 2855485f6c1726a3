# Seals and their moat

resource "zoo_enclosure" "seals" {
  name = "seals"

  animal {
    name = "Sam"
  }

  keeper {
    badge = "Ada"
  }

  moat {
    depth = 3
  }
}

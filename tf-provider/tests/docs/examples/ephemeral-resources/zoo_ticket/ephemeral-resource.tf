ephemeral "zoo_ticket" "today" {}

terraform output -json findings > findings.json

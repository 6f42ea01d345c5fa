module acr-sync.invalid/proxy

go 1.24

//! Cloud: where Azure's services are (Azure CLI core `cloud.py`, as of 2.91).

use crate::reference::Registry;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use std::{str::FromStr, sync::Arc};

/// One of Azure's clouds, or one of a company's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// Resource Manager's address, without a slash at the end.
    pub resource_manager: String,
    /// The sign-in service's address, without a slash at the end.
    pub authority: String,
    /// The scope of a token for Resource Manager.
    pub scope: String,
    /// What the login servers of its registries end with.
    pub registry_suffix: String,
    /// The audience of an identity token that another provider made for it.
    pub federation_audience: String,
}

impl Cloud {
    fn known(resource_manager: &str, authority: &str, audience: &str, registry_suffix: &str) -> Self {
        Self {
            resource_manager: format!("https://{resource_manager}"),
            authority: format!("https://{authority}"),
            scope: format!("{audience}/.default"),
            registry_suffix: registry_suffix.to_owned(),
            // The article on workload identity federation names one for each cloud.
            federation_audience: match registry_suffix {
                ".azurecr.us" => "api://AzureADTokenExchangeUSGov",
                ".azurecr.cn" => "api://AzureADTokenExchangeChina",
                _ => "api://AzureADTokenExchange",
            }
            .to_owned(),
        }
    }

    /// Returns the public cloud.
    pub fn public() -> Self {
        Self::known("management.azure.com", "login.microsoftonline.com", "https://management.azure.com", ".azurecr.io")
    }

    /// Returns whether a host is a login server of this cloud's registries, or of another cloud's.
    pub fn has_login_server(&self, registry: &Registry) -> bool {
        registry.as_str().ends_with(self.registry_suffix.as_str()) || registry.is_azure()
    }

    /// Returns the settings that the identity library wants.
    pub fn configuration(&self) -> Arc<CloudConfiguration> {
        let mut custom = CustomConfiguration::default();
        custom.authority_host.clone_from(&self.authority);
        Arc::new(custom.into())
    }
}

impl FromStr for Cloud {
    type Err = String;

    /// Reads a cloud's name, in the spellings of the Azure CLI and of Azure Pipelines.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "public" | "azurecloud" => Ok(Self::public()),
            "usgovernment" | "azureusgovernment" => Ok(Self::known(
                "management.usgovcloudapi.net",
                "login.microsoftonline.us",
                "https://management.usgovcloudapi.net",
                ".azurecr.us",
            )),
            "china" | "azurechinacloud" => Ok(Self::known(
                "management.chinacloudapi.cn",
                "login.chinacloudapi.cn",
                "https://management.chinacloudapi.cn",
                ".azurecr.cn",
            )),
            _ => Err("expected `public`, `usgovernment` or `china`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_server_is_told_by_its_end() {
        for (host, is_one) in [
            ("contoso.azurecr.io", true),
            ("contoso.azurecr.us", true),
            ("contoso.azurecr.cn:443", true),
            ("harbor.azurecr.corp.example", false),
            ("contoso.azurecr.io.example.com", false),
            ("contoso.azurecr.io:5000", false),
            ("notazurecr.io", false),
        ] {
            assert_eq!(Cloud::public().has_login_server(&Registry::parse(host).unwrap()), is_one, "{host}");
        }
        let own = Cloud { registry_suffix: ".azurecr.local".to_owned(), ..Cloud::public() };
        assert!(own.has_login_server(&Registry::parse("contoso.azurecr.local").unwrap()));
    }
}

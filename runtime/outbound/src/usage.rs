//! What clients are for.

use std::fmt;

macro_rules! uses {
    ($($(#[$doc:meta])* $name:ident = $told:literal,)*) => {
        /// What a client is for. Whoever adds one is made to put it through the hostile servers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Use {
            $($(#[$doc])* $name,)*
        }

        impl Use {
            /// All there are.
            pub const ALL: &[Use] = &[$(Use::$name,)*];
        }

        impl fmt::Display for Use {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Use::$name => $told,)*
                })
            }
        }
    };
}

impl Use {
    /// Whether whoever answers is a stranger: neither ServiceTitan nor who it names.
    pub(crate) fn is_of_strangers(self) -> bool {
        match self {
            Use::ServiceTitan | Use::ServiceTitanTokens | Use::ServiceTitanFiles => false,
            Use::Vendor | Use::VendorTokens | Use::HttpDelivery | Use::S3Delivery => true,
        }
    }
}

uses! {
    /// ServiceTitan's API.
    ServiceTitan = "ServiceTitan's API",
    /// ServiceTitan's tokens.
    ServiceTitanTokens = "ServiceTitan's tokens",
    /// Files that ServiceTitan's API answers by naming where they are.
    ServiceTitanFiles = "ServiceTitan's files",
    /// Vendors behind their packs.
    Vendor = "the vendor",
    /// Tokens of vendors.
    VendorTokens = "the vendor's tokens",
    /// Receivers of files over HTTP.
    HttpDelivery = "a delivery over HTTP",
    /// Stores of objects.
    S3Delivery = "a delivery to S3",
}

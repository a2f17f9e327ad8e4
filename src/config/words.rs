//! Enums whose variants are words of the pipeline file.

/// One of a few words, as the pipeline file spells them.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
        #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
        $(#[$about])*
        #[schemars(inline)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// As the pipeline file has it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(super) use words;

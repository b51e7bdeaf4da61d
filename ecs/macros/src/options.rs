//! What stands in the parentheses of `#[component(…)]`.

use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token};

/// The parsed options.
#[derive(Default)]
pub struct Options {
    /// `name = "…"`: the component's name, where it is not the struct's.
    pub name: Option<LitStr>,
    /// `unhashed`: the state hash leaves it out.
    pub unhashed: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Options::default();
        while !input.is_empty() {
            let option: Ident = input.parse()?;
            if option == "unhashed" {
                options.unhashed = true;
            } else if option == "name" {
                input.parse::<Token![=]>()?;
                let name: LitStr = input.parse()?;
                if name.value().is_empty()
                    || name.value().len() > 255
                    || name.value().chars().any(char::is_control)
                {
                    return Err(syn::Error::new(
                        name.span(),
                        "a component's name has 1 to 255 bytes and no control characters",
                    ));
                }
                options.name = Some(name);
            } else {
                let message = format!(
                    "unknown option `{option}`; `#[component]` takes `name = \"…\"` and `unhashed`"
                );
                return Err(syn::Error::new(option.span(), message));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

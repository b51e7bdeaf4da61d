//! The text that `#[component]` puts around a struct.

use crate::options::Options;
use crate::refuse;
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Index, Member, Path};

/// The struct, its implementations and its compile-time checks; `ecs` is the path of the ECS crate.
pub fn expand(options: &Options, mut item: DeriveInput, ecs: &Path) -> TokenStream {
    match implementations(options, &item, ecs) {
        Ok(implementations) => {
            add_attributes(&mut item);
            quote!(#item #implementations)
        }
        // The struct stays, so that its uses elsewhere give no messages of their own.
        Err(faults) => {
            let message = faults.to_compile_error();
            quote!(#item #message)
        }
    }
}

fn add_attributes(item: &mut DeriveInput) {
    if !refuse::is_repr_c(item) {
        item.attrs.push(syn::parse_quote!(#[repr(C)]));
    }
    for name in ["Clone", "Copy"] {
        if !refuse::derives(item, name) {
            let derive = format_ident!("{name}");
            item.attrs.push(syn::parse_quote!(#[derive(#derive)]));
        }
    }
}

fn implementations(options: &Options, item: &DeriveInput, ecs: &Path) -> syn::Result<TokenStream> {
    let fields = refuse::check(item)?;
    let ident = &item.ident;
    let name = options
        .name
        .as_ref()
        .map_or_else(|| ident.to_string(), syn::LitStr::value);
    let hashed = !options.unhashed;
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();

    let describe = fields.iter().enumerate().map(|(place, field)| {
        let member = field.ident.clone().map_or_else(|| Member::Unnamed(Index::from(place)), Member::Named);
        let path = match &member {
            Member::Named(name) => name.to_string().trim_start_matches("r#").to_owned(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        let ty = &field.ty;
        // The span of the type, so that a type that is no `Value` is underlined where it is written.
        quote_spanned! {ty.span()=>
            <#ty as #ecs::Value>::describe(&#ecs::join(name, #path), offset + ::core::mem::offset_of!(#ident, #member) as u32, fields);
        }
    });
    let padding = format!(
        "component `{ident}` has padding: bytes that belong to no field and have no defined value. Cure: reorder its fields from the \
         largest to the smallest, or fill the gap with a field such as `_pad: [u8; 4]`"
    );
    let alignment = format!(
        "component `{ident}` asks for more than 64 bytes of alignment; columns start at multiples of 64"
    );

    Ok(quote! {
        const _: () = ::core::assert!(::core::mem::size_of::<#ident>() == 0 #(+ ::core::mem::size_of::<#types>())*, #padding);
        const _: () = ::core::assert!(::core::mem::align_of::<#ident>() <= 64, #alignment);

        // SAFETY: the struct is repr(C) and the assertion above shows that it has no padding; `describe` names each field, in order, and each
        // field's type keeps the promise of `Value` itself.
        #[automatically_derived]
        unsafe impl #ecs::Value for #ident {
            #[allow(unused_variables)]
            fn describe(name: &::core::primitive::str, offset: ::core::primitive::u32, fields: &mut ::std::vec::Vec<#ecs::Field>) {
                #(#describe)*
            }
        }

        // SAFETY: the static is this type's alone.
        #[automatically_derived]
        unsafe impl #ecs::Component for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            const HASHED: ::core::primitive::bool = #hashed;

            fn number() -> &'static #ecs::TypeNumber {
                static NUMBER: #ecs::TypeNumber = #ecs::TypeNumber::new();
                &NUMBER
            }
        }
    })
}

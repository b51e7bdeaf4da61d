//! Structs that cannot be components, found by their text, so that the message can speak of what was written.
//!
//! This is only for good messages: what hides behind an alias is still refused by the trait `Value`, which such types lack.

use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Fields, GenericArgument, Meta, PathArguments, Type, TypePath,
};

/// The fields of a struct that may become a component, or all that is wrong with it.
pub fn check(item: &DeriveInput) -> syn::Result<&Fields> {
    let name = &item.ident;
    let fields = match &item.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(data) => {
            let message = format!(
                "component `{name}` is an enum, and not every bit pattern is one of its values; use a struct that holds a `u8` or `u32`, \
                 with constants for its meanings"
            );
            return Err(syn::Error::new(data.enum_token.span(), message));
        }
        Data::Union(data) => {
            let message = format!(
                "component `{name}` is a union, whose bytes may be undefined; use a struct, or one component for each meaning"
            );
            return Err(syn::Error::new(data.union_token.span(), message));
        }
    };
    let mut faults = Faults::default();
    if !item.generics.params.is_empty() {
        faults.add(
            &item.generics,
            format!("component `{name}` is generic, and a component has one layout and one name; write a struct for each type that you need"),
        );
    }
    for attribute in &item.attrs {
        check_repr(attribute, &mut faults);
    }
    for field in fields {
        check_type(&field.ty, &mut faults);
    }
    faults.into_result().map(|()| fields)
}

#[derive(Default)]
struct Faults(Option<syn::Error>);

impl Faults {
    fn add(&mut self, place: &impl Spanned, message: String) {
        let fault = syn::Error::new(place.span(), message);
        match &mut self.0 {
            Some(faults) => faults.combine(fault),
            None => self.0 = Some(fault),
        }
    }

    fn into_result(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

fn check_repr(attribute: &Attribute, faults: &mut Faults) {
    if !attribute.path().is_ident("repr") {
        return;
    }
    // What is not a list of hints is reported by the compiler itself.
    let _ = attribute.parse_nested_meta(|hint| {
        if hint.path.is_ident("packed") || hint.path.is_ident("transparent") {
            let kind = hint.path.get_ident().map(ToString::to_string).unwrap_or_default();
            faults.add(&hint.path, format!("a component cannot be repr({kind}): `#[component]` lays it out as repr(C), without padding; take it away"));
        }
        if hint.input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in hint.input);
            content.parse::<proc_macro2::TokenStream>()?;
        }
        Ok(())
    });
}

fn check_type(ty: &Type, faults: &mut Faults) {
    match ty {
        Type::Array(array) => check_type(&array.elem, faults),
        Type::Paren(inner) => check_type(&inner.elem, faults),
        Type::Group(inner) => check_type(&inner.elem, faults),
        Type::Reference(_) => faults.add(ty, "a component cannot hold a reference: its bytes would be an address; hold an `Entity`, or the value itself".to_owned()),
        Type::Ptr(_) => faults.add(ty, "a component cannot hold a pointer: its bytes would be an address; hold an `Entity`, or the value itself".to_owned()),
        Type::BareFn(_) => faults.add(ty, "a component cannot hold a function: its bytes would be an address; hold a number that chooses it".to_owned()),
        Type::Tuple(tuple) if !tuple.elems.is_empty() => {
            faults.add(ty, "a component cannot hold a tuple: Rust may order and pad it as it likes; write a struct under `#[component]`".to_owned());
        }
        Type::Path(path) => check_path(path, faults),
        _ => {}
    }
}

fn check_path(path: &TypePath, faults: &mut Faults) {
    let Some(last) = path.path.segments.last() else {
        return;
    };
    let name = last.ident.to_string();
    let cure = match name.as_str() {
        "usize" => "its size differs between hosts; use `u32` or `u64`",
        "isize" => "its size differs between hosts; use `i32` or `i64`",
        "char" => "not every bit pattern is one; use `u32`",
        "u128" | "i128" => "it is not among the types of a schema; use `[u64; 2]`",
        "Vec3A" | "Mat3A" | "Affine3A" => "it holds hidden padding; use the form without A",
        "Vec" | "VecDeque" | "String" | "Box" | "Rc" | "Arc" | "HashMap" | "HashSet"
        | "BTreeMap" | "BTreeSet" | "CString" | "PathBuf" | "OsString" => {
            "it points to the heap, which no image holds; use an array of fixed size, or keep it beside the world: `world.insert_local(value)`"
        }
        "Cell" | "RefCell" | "Mutex" | "RwLock" | "AtomicBool" | "AtomicU32" | "AtomicU64" => {
            "it changes through shared references; use the plain value, and let the system that changes it declare `&mut`"
        }
        "Option" if !matches!(argument(&last.arguments), Some(Type::Path(inner)) if inner.path.segments.last().is_some_and(|segment| segment.ident == "Entity")) => {
            "its bytes are undefined where it is `None`; use a value that means none, or a tag component (`Option<Entity>` is allowed)"
        }
        _ => return,
    };
    faults.add(path, format!("a component cannot hold `{name}`: {cure}"));
}

fn argument(arguments: &PathArguments) -> Option<&Type> {
    match arguments {
        PathArguments::AngleBracketed(list) => match list.args.first() {
            Some(GenericArgument::Type(ty)) => Some(ty),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a `#[repr(…)]` names `C` already.
pub fn is_repr_c(item: &DeriveInput) -> bool {
    item.attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("repr") && names(attribute, "C"))
}

/// Whether a `#[derive(…)]` below the attribute names this trait already.
pub fn derives(item: &DeriveInput, name: &str) -> bool {
    item.attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("derive") && names(attribute, name))
}

fn names(attribute: &Attribute, name: &str) -> bool {
    let list = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
    attribute.parse_args_with(list).is_ok_and(|metas| {
        metas.iter().any(|meta| {
            meta.path()
                .segments
                .last()
                .is_some_and(|segment| segment.ident == name)
        })
    })
}

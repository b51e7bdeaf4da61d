//! A kernel: a shader that is called for each row, and what it touches.

use naga::valid::{Capabilities, GlobalUse, ModuleInfo, ValidationFlags, Validator};
use naga::{
    AddressSpace, ArraySize, Expression, Function, GlobalVariable, Handle, Module, ResourceBinding,
    ScalarKind, Span, StorageAccess, Type, TypeInner,
};
use std::error::Error;

use super::Class;
use super::exact;
use super::text::{Assembled, Place, ShaderError, Source};

/// What every kernel sees.
const BEFORE: &str = "\
struct LayerwCx { rows: u32, first: u32, groups: u32, zero: u32, dt: f32, step: u32, step_high: u32, pad: u32 }
@group(1) @binding(0) var<uniform> cx: LayerwCx;";

/// Bytes of that.
pub(crate) const CX_BYTES: usize = 32;

/// The entry point's name.
pub(crate) const ENTRY: &str = "layerw_rows";

/// The member of the context that is 0 and that no compiler knows to be.
pub(super) const ZERO: u32 = 3;

/// What is called for each row.
const ROW: &str = "row";

/// A shader that is called for each row, checked.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// What messages call it.
    pub name: String,
    /// What it promises.
    pub class: Class,
    /// What it touches, in order of the text: the place in this list is the binding.
    pub columns: Vec<Column>,
    /// Invocations of a group.
    pub(crate) workgroup: u32,
    pub(crate) module: Module,
}

/// A variable of a kernel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    /// The variable's name.
    pub variable: String,
    /// The name of the struct that stands in it: whose rows, or value, it is.
    pub element: String,
    /// Where the struct is declared.
    pub place: Place,
    /// Rows or one value.
    pub shape: Shape,
    /// Whether it is declared `read_write`.
    pub written: bool,
    /// Whether it is declared `uniform`.
    pub is_uniform: bool,
    /// Bytes from a row to the next.
    pub stride: u32,
    /// What the struct is made of, in order of offset.
    pub scalars: Vec<ScalarAt>,
}

/// What stands in a variable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// `array<T>`.
    Rows(Rows),
    /// `T`, the same for all rows.
    Value,
}

/// Which rows an invocation touches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rows {
    /// Its own: the array is indexed with the argument of `row`, and with nothing else.
    Own,
    /// Any.
    All,
}

/// A scalar of a struct.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ScalarAt {
    /// Bytes from the struct's start.
    pub offset: u32,
    /// What it is.
    pub scalar: Scalar,
}

/// The scalars that can stand in storage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scalar {
    /// `f32`.
    F32,
    /// `i32`.
    I32,
    /// `u32`.
    U32,
}

impl Scalar {
    /// The WGSL name.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::F32 => "f32",
            Scalar::I32 => "i32",
            Scalar::U32 => "u32",
        }
    }
}

impl Kernel {
    /// Reads and checks a kernel whose groups will have so many invocations.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place.
    pub fn new(source: &Source, class: Class, workgroup: u32) -> Result<Kernel, ShaderError> {
        let after = format!(
            "@compute @workgroup_size({workgroup})\n\
             fn {ENTRY}(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {{\n\
                 let place = (group.y * cx.groups + group.x) * {workgroup}u + lane;\n\
                 if place < cx.rows {{ {ROW}(place); }}\n\
             }}"
        );
        let whole = Assembled::new(BEFORE, source, &after)?;
        let parsed = naga::front::wgsl::parse_str(&whole.text);
        let mut module = parsed.map_err(|error| {
            let (at, label) = error.labels().next().unwrap_or_default();
            // Our own text asks for it.
            if error.message().contains("`row`") && whole.at(at).file.starts_with('(') {
                return no_row(&whole);
            }
            let label = match label.is_empty() || error.message().contains(label) {
                true => String::new(),
                false => format!(": {label}"),
            };
            whole.refuse(at, format!("{}{label}", error.message()))
        })?;
        let (columns, handles) = bind(&mut module, &whole)?;
        let row = row_of(&module, &whole)?;
        let info = validate(&module, &whole)?;
        let mut kernel = Kernel {
            name: source.name.clone(),
            class,
            columns,
            workgroup,
            module,
        };
        kernel.find_rows(row, &info, &handles, &whole)?;
        if class == Class::Exact {
            exact::check(&kernel.module, &info, &whole)?;
            exact::guard(&mut kernel.module, &info);
            validate(&kernel.module, &whole)?;
        }
        Ok(kernel)
    }

    /// Finds out which rows each array is touched in.
    fn find_rows(
        &mut self,
        row: Handle<Function>,
        info: &ModuleInfo,
        handles: &[Handle<GlobalVariable>],
        whole: &Assembled,
    ) -> Result<(), ShaderError> {
        for (column, &global) in self.columns.iter_mut().zip(handles) {
            if column.shape == Shape::Value {
                continue;
            }
            let mut elsewhere = None;
            for (handle, function) in self.module.functions.iter() {
                let found = other_rows(function, global, handle == row);
                elsewhere = elsewhere.or(found);
            }
            let Some(span) = elsewhere else { continue };
            let is_written = info[row][global].contains(GlobalUse::WRITE);
            if is_written || column.written {
                return Err(whole.refuse(
                    span,
                    format!(
                        "`{name}` is written and touched in other rows than its own, whose values would depend on who is first; touch `{name}[row]` only, in `fn row`, \
                         and read others from a second variable, `var<storage, read> before: array<{}>`, which holds the values from before the pass",
                        column.element,
                        name = column.variable,
                    ),
                ));
            }
            column.shape = Shape::Rows(Rows::All);
        }
        Ok(())
    }
}

/// The function that is called for each row.
fn row_of(module: &Module, whole: &Assembled) -> Result<Handle<Function>, ShaderError> {
    let mut named = module.functions.iter();
    let found = named.find(|(_, function)| function.name.as_deref() == Some(ROW));
    let (row, function) = found.ok_or_else(|| no_row(whole))?;
    let takes_a_row = match function.arguments.as_slice() {
        [argument] => module.types[argument.ty].inner == TypeInner::Scalar(naga::Scalar::U32),
        _ => false,
    };
    match takes_a_row && function.result.is_none() {
        true => Ok(row),
        false => Err(no_row(whole)),
    }
}

fn no_row(whole: &Assembled) -> ShaderError {
    ShaderError {
        place: whole.at(Span::UNDEFINED),
        message: "there is no function `row` that takes the row as its one argument; write `fn row(row: u32) { … }`".to_owned(),
    }
}

/// A use of the array in other rows than the function's own, or that cannot be followed.
fn other_rows(function: &Function, global: Handle<GlobalVariable>, is_row: bool) -> Option<Span> {
    let expressions = &function.expressions;
    let variable = expressions
        .iter()
        .find(|(_, expression)| **expression == Expression::GlobalVariable(global));
    let (variable, _) = variable?;
    let own = |index: Handle<Expression>| {
        is_row && matches!(expressions[index], Expression::FunctionArgument(0))
    };
    let mut uses = 0;
    let mut other = None;
    for (handle, expression) in expressions.iter() {
        let elsewhere = match *expression {
            Expression::Access { base, index } if base == variable => !own(index),
            Expression::AccessIndex { base, .. } if base == variable => true,
            Expression::ArrayLength(base) if base == variable => true,
            _ => continue,
        };
        uses += 1;
        if elsewhere {
            other = other.or(Some(expressions.get_span(handle)));
        }
    }
    // Handed on as a pointer.
    let unseen = (uses == 0).then(|| expressions.get_span(variable));
    other.or(unseen)
}

/// Gives places in bind group 0 to what the source declares, in order.
fn bind(
    module: &mut Module,
    whole: &Assembled,
) -> Result<(Vec<Column>, Vec<Handle<GlobalVariable>>), ShaderError> {
    let (mut columns, mut handles) = (Vec::new(), Vec::new());
    for (handle, variable) in module.global_variables.iter() {
        let span = module.global_variables.get_span(handle);
        let name = variable.name.clone().unwrap_or_default();
        let written = match variable.space {
            AddressSpace::Private | AddressSpace::WorkGroup => continue,
            AddressSpace::Uniform if name == "cx" => continue,
            AddressSpace::Uniform => false,
            AddressSpace::Storage { access } => access.contains(StorageAccess::STORE),
            _ => {
                return Err(whole.refuse(
                    span,
                    format!("`{name}` is neither rows nor a value; a pass takes `var<storage, read>` and `var<storage, read_write>`"),
                ));
            }
        };
        let (element, shape, stride) = match module.types[variable.ty].inner {
            TypeInner::Array {
                base,
                size: ArraySize::Dynamic,
                stride,
            } => (base, Shape::Rows(Rows::Own), stride),
            TypeInner::Struct { span, .. } => (variable.ty, Shape::Value, span),
            _ => {
                return Err(whole.refuse(
                    span,
                    format!("`{name}` is neither an `array<T>` nor a struct; declare it as the rows of a component, or as the value of a resource"),
                ));
            }
        };
        let is_struct = matches!(module.types[element].inner, TypeInner::Struct { .. });
        let Some(called) = module.types[element].name.clone().filter(|_| is_struct) else {
            return Err(whole.refuse(
                span,
                format!("the rows of `{name}` have no name; declare a struct that is called as the component, and `{name}` as an array of it"),
            ));
        };
        if shape == Shape::Value && written {
            return Err(whole.refuse(
                span,
                format!(
                    "`{name}` is one value that all rows would write at once; declare it `read`"
                ),
            ));
        }
        let place = whole.at(module.types.get_span(element));
        let mut scalars = Vec::new();
        flatten(module, element, 0, &mut scalars).map_err(|what| {
            whole.refuse(
                module.types.get_span(element),
                format!("`{called}` holds {what}, which stands in no component; use f32, i32, u32, and vectors, arrays and structs of these"),
            )
        })?;
        let is_uniform = variable.space == AddressSpace::Uniform;
        columns.push(Column {
            variable: name,
            element: called,
            place,
            shape,
            written,
            is_uniform,
            stride,
            scalars,
        });
        handles.push(handle);
    }
    for (&handle, binding) in handles.iter().zip(0..) {
        module.global_variables.get_mut(handle).binding =
            Some(ResourceBinding { group: 0, binding });
    }
    Ok((columns, handles))
}

/// Appends the scalars of a type that stands at `offset`.
fn flatten(
    module: &Module,
    ty: Handle<Type>,
    offset: u32,
    scalars: &mut Vec<ScalarAt>,
) -> Result<(), String> {
    /// More would be a mistake, and take long.
    const MOST: usize = 4096;
    let mut run = |scalar: naga::Scalar, count: u32| {
        let kind = match (scalar.kind, scalar.width) {
            (ScalarKind::Float, 4) => Scalar::F32,
            (ScalarKind::Sint, 4) => Scalar::I32,
            (ScalarKind::Uint, 4) => Scalar::U32,
            _ => return Err("a scalar of another kind than f32, i32 and u32".to_owned()),
        };
        scalars.extend((0..count).map(|place| ScalarAt {
            offset: offset + 4 * place,
            scalar: kind,
        }));
        Ok(())
    };
    match &module.types[ty].inner {
        TypeInner::Scalar(scalar) => run(*scalar, 1),
        TypeInner::Vector { size, scalar } => run(*scalar, *size as u32),
        TypeInner::Array {
            base,
            size: ArraySize::Constant(count),
            stride,
        } => {
            for place in 0..count.get() {
                if scalars.len() > MOST {
                    return Err(format!("more than {MOST} scalars"));
                }
                flatten(module, *base, offset + place * stride, scalars)?;
            }
            Ok(())
        }
        TypeInner::Struct { members, .. } => members
            .iter()
            .try_for_each(|member| flatten(module, member.ty, offset + member.offset, scalars)),
        TypeInner::Matrix { .. } => Err("a matrix".to_owned()),
        TypeInner::Atomic(_) => Err("an atomic".to_owned()),
        _ => Err("something without a size".to_owned()),
    }
}

fn validate(module: &Module, whole: &Assembled) -> Result<ModuleInfo, ShaderError> {
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::default());
    validator.validate(module).map_err(|error| {
        let span = error.spans().map(|(span, _)| *span).find(Span::is_defined);
        // The outermost says in which function, the innermost what.
        let mut message = error.as_inner().to_string();
        let mut source = error.as_inner().source();
        while let Some(inner) = source {
            message = format!("{message}: {inner}");
            source = inner.source();
        }
        whole.refuse(
            span.unwrap_or_default(),
            message.split_whitespace().collect::<Vec<_>>().join(" "),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRUCTS: &str = "struct Position { x: f32, y: f32, z: f32 }\nstruct Velocity { at: vec2<f32>, id: array<u32, 2> }\n";

    fn kernel(text: &str, class: Class) -> Result<Kernel, String> {
        let source = Source::new("a.wgsl", format!("{STRUCTS}{text}"));
        Kernel::new(&source, class, 64).map_err(|error| error.to_string())
    }

    fn refused(text: &str) -> String {
        kernel(text, Class::Visual).expect_err("wrong")
    }

    #[test]
    fn the_source_is_the_declaration() {
        let kernel = kernel(
            "struct Rules { far: f32 }
            var<storage, read> others: array<Position>;
            var<storage, read_write> velocities: array<Velocity>;
            var<uniform> rules: Rules;
            fn row(row: u32) {
                velocities[row].at.x += others[row + 1u].x * rules.far;
            }",
            Class::Visual,
        )
        .expect("right");
        let found: Vec<_> = kernel
            .columns
            .iter()
            .map(|column| {
                (
                    column.variable.as_str(),
                    column.element.as_str(),
                    column.shape,
                    column.written,
                    column.stride,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("others", "Position", Shape::Rows(Rows::All), false, 12),
                ("velocities", "Velocity", Shape::Rows(Rows::Own), true, 16),
                ("rules", "Rules", Shape::Value, false, 4),
            ]
        );
        assert_eq!(kernel.columns[0].place.to_string(), "a.wgsl:1:1");
        let words = |column: &Column| -> Vec<_> {
            column
                .scalars
                .iter()
                .map(|at| (at.offset, at.scalar.name()))
                .collect()
        };
        assert_eq!(
            words(&kernel.columns[1]),
            [(0, "f32"), (4, "f32"), (8, "u32"), (12, "u32")]
        );
    }

    #[test]
    fn rows_are_ones_own_where_only_the_argument_is_an_index() {
        let shape = |body: &str| {
            let text =
                format!("var<storage, read> rows: array<Position>; var<private> sum: f32;\n{body}");
            kernel(&text, Class::Visual).expect("right").columns[0].shape
        };
        assert_eq!(
            shape("fn row(row: u32) { let same = row; sum += rows[same].x + rows[row].y; }"),
            Shape::Rows(Rows::Own)
        );
        for body in [
            "fn row(row: u32) { sum += rows[0].x + rows[row].x; }",
            "fn row(row: u32) { var i = row; i += 1u; sum += rows[i].x; }",
            "fn row(row: u32) { sum += f32(arrayLength(&rows)); }",
            "fn other(row: u32) -> f32 { return rows[row].x; }\nfn row(row: u32) { sum += other(row + 1u); }",
        ] {
            assert_eq!(shape(body), Shape::Rows(Rows::All), "{body}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_and_column() {
        for (text, said) in [
            (
                "fn row(row: u32) { let a = 1 +; }",
                "a.wgsl:3:31: expected expression, found \";\"",
            ),
            ("fn row(row: u32) {\n  let a: f32 = 1u;\n}", "a.wgsl:4:"),
            (
                "fn rows(row: u32) {}",
                "a.wgsl:1:1: there is no function `row` that takes the row as its one argument; write `fn row(row: u32) { … }`",
            ),
            (
                "fn row(row: i32) {}",
                "a.wgsl:1:1: there is no function `row`",
            ),
            (
                "var<storage, read> xs: array<f32>;\nfn row(row: u32) {}",
                "a.wgsl:3:1: the rows of `xs` have no name; declare a struct",
            ),
            (
                "var<storage, read> x: f32;\nfn row(row: u32) {}",
                "a.wgsl:3:1: `x` is neither an `array<T>` nor a struct",
            ),
            (
                "struct Both { m: mat2x2<f32> }\nvar<storage, read> xs: array<Both>;\nfn row(row: u32) {}",
                "a.wgsl:3:1: `Both` holds a matrix",
            ),
            (
                "var<storage, read_write> ps: array<Position>;\nfn row(row: u32) {\n  ps[row + 1u].x = 1.0;\n}",
                "a.wgsl:5:3: `ps` is written and touched in other rows than its own",
            ),
            (
                "var<storage, read_write> p: Position;\nfn row(row: u32) {}",
                "a.wgsl:3:1: `p` is one value that all rows would write at once",
            ),
        ] {
            let refusal = refused(text);
            assert!(refusal.starts_with(said), "{refusal}");
            assert!(!refusal.contains('\n'), "{refusal}");
        }
    }

    /// Hostile text comes to an end, and to an error.
    #[test]
    fn deep_nesting_is_an_error() {
        let deep = format!(
            "fn row(row: u32) {{ let a = {}1.0{}; }}",
            "(".repeat(20_000),
            ")".repeat(20_000)
        );
        let refusal = refused(&deep);
        assert!(refusal.starts_with("a.wgsl:"), "{refusal}");
    }
}

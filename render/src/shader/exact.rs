//! What makes a kernel exact: only operations with one result, and none that a compiler may join with another.
//!
//! A GPU's compiler may turn `a * b + c` into one operation that rounds once, where a CPU rounds twice. WGSL has no word against it. So the bits of each product of floats are
//! taken through an exclusive or with a word that is 0, which only the engine knows: the product must exist by itself, rounded. It costs an integer operation per product.
//!
//! `min` and `max` of floats leave open what becomes of NaN and of zeros with different signs; they become `select(b, a, a < b)` and `select(b, a, a > b)`, so that is what they mean
//! in an exact kernel. Compilers know these forms and make `min` and `max` of them again (Mesa's for OpenGL does), so what is selected goes through the exclusive or, too.

use naga::valid::ModuleInfo;
use naga::{
    Arena, BinaryOperator, Block, Expression, Function, Handle, MathFunction, Module, Range,
    Scalar, ScalarKind, Span, Statement, TypeInner, VectorSize,
};

use super::kernel::ZERO;
use super::text::{Assembled, ShaderError};

/// Refuses operations whose results differ between adapters.
pub(super) fn check(
    module: &Module,
    info: &ModuleInfo,
    whole: &Assembled,
) -> Result<(), ShaderError> {
    for (handle, function) in module.functions.iter() {
        let types = &info[handle];
        for (at, expression) in function.expressions.iter() {
            let kind = scalar_kind(module, types[at].ty.inner_with(&module.types));
            if let Some(what) = inexact(expression, kind, module, types) {
                let message = format!(
                    "{what} has results that differ between adapters, and the pass is exact; do without, or make the pass visual"
                );
                return Err(whole.refuse(function.expressions.get_span(at), message));
            }
        }
        check_block(&function.body, whole)?;
    }
    Ok(())
}

/// What about an expression is not exact.
fn inexact(
    expression: &Expression,
    kind: Option<Scalar>,
    module: &Module,
    types: &naga::valid::FunctionInfo,
) -> Option<String> {
    use Expression as E;
    let is_float = kind.is_some_and(|kind| kind.kind == ScalarKind::Float);
    if kind
        .is_some_and(|kind| kind.width != 4 && kind.kind != ScalarKind::Bool && !is_abstract(kind))
    {
        return Some("a scalar that has not 32 bits".to_owned());
    }
    match expression {
        E::Literal(_)
        | E::Constant(_)
        | E::Override(_)
        | E::ZeroValue(_)
        | E::Compose { .. }
        | E::Access { .. }
        | E::AccessIndex { .. }
        | E::Splat { .. }
        | E::Swizzle { .. }
        | E::FunctionArgument(_)
        | E::GlobalVariable(_)
        | E::LocalVariable(_)
        | E::Load { .. }
        | E::Unary { .. }
        | E::Select { .. }
        | E::Relational { .. }
        | E::As { .. }
        | E::CallResult(_)
        | E::ArrayLength(_) => None,
        E::Binary {
            op: BinaryOperator::Divide,
            ..
        } if is_float => Some("a quotient of floats".to_owned()),
        E::Binary {
            op: BinaryOperator::Modulo,
            ..
        } if is_float => Some("a remainder of floats".to_owned()),
        E::Binary {
            op: BinaryOperator::Multiply,
            left,
            right,
        } => {
            let matrix = |at: &Handle<Expression>| {
                matches!(
                    types[*at].ty.inner_with(&module.types),
                    TypeInner::Matrix { .. }
                )
            };
            (matrix(left) || matrix(right)).then(|| "a product of matrices".to_owned())
        }
        E::Binary { .. } => None,
        E::Math { fun, .. } => {
            use MathFunction as M;
            let always = matches!(fun, M::Abs | M::Min | M::Max);
            let on_integers = matches!(
                fun,
                M::Clamp
                    | M::Sign
                    | M::CountTrailingZeros
                    | M::CountLeadingZeros
                    | M::CountOneBits
                    | M::ReverseBits
                    | M::ExtractBits
                    | M::InsertBits
                    | M::FirstTrailingBit
                    | M::FirstLeadingBit
            );
            let exact = always || (on_integers && !is_float);
            (!exact).then(|| format!("`{}`", wgsl_name(*fun)))
        }
        _ => Some("this".to_owned()),
    }
}

fn is_abstract(scalar: Scalar) -> bool {
    matches!(
        scalar.kind,
        ScalarKind::AbstractInt | ScalarKind::AbstractFloat
    )
}

/// As it is written: `inverseSqrt`.
fn wgsl_name(fun: MathFunction) -> String {
    let name = format!("{fun:?}");
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}

fn scalar_kind(module: &Module, inner: &TypeInner) -> Option<Scalar> {
    match inner {
        TypeInner::Scalar(scalar)
        | TypeInner::Vector { scalar, .. }
        | TypeInner::Matrix { scalar, .. } => Some(*scalar),
        TypeInner::Pointer { base, .. } => scalar_kind(module, &module.types[*base].inner),
        TypeInner::ValuePointer { scalar, .. } => Some(*scalar),
        _ => None,
    }
}

fn check_block(block: &Block, whole: &Assembled) -> Result<(), ShaderError> {
    for (statement, span) in block.span_iter() {
        use Statement as S;
        match statement {
            S::Emit(_)
            | S::Break
            | S::Continue
            | S::Return { .. }
            | S::Store { .. }
            | S::Call { .. } => {}
            S::Block(inner) => check_block(inner, whole)?,
            S::If { accept, reject, .. } => {
                check_block(accept, whole)?;
                check_block(reject, whole)?;
            }
            S::Switch { cases, .. } => cases
                .iter()
                .try_for_each(|case| check_block(&case.body, whole))?,
            S::Loop {
                body, continuing, ..
            } => {
                check_block(body, whole)?;
                check_block(continuing, whole)?;
            }
            _ => {
                let message = "an exact pass has no barriers, atomics and textures: what they yield depends on who is first; make the pass visual";
                return Err(whole.refuse(*span, message));
            }
        }
    }
    Ok(())
}

/// Rewrites products, minima and maxima of floats, in a kernel that [`check`] has passed.
pub(super) fn guard(module: &mut Module, info: &ModuleInfo) {
    let cx = module
        .global_variables
        .iter()
        .find(|(_, variable)| variable.name.as_deref() == Some("cx"))
        .map(|(handle, _)| handle)
        .expect("every kernel has a context");
    let wants: Vec<Vec<Want>> = module
        .functions
        .iter()
        .map(|(handle, function)| wants(module, function, &info[handle]))
        .collect();
    for ((_, function), wants) in module.functions.iter_mut().zip(wants) {
        if wants.iter().any(|want| *want != Want::Nothing) {
            rewrite(function, &wants, cx);
        }
    }
}

/// What is to become of an expression.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Want {
    Nothing,
    /// A product of floats: of so many, or of one.
    Product(Option<VectorSize>),
    /// A choice of the smaller or the larger, of so many.
    Choice(BinaryOperator, Option<VectorSize>),
}

fn wants(module: &Module, function: &Function, types: &naga::valid::FunctionInfo) -> Vec<Want> {
    // What is known before the kernel runs is computed by naga, one operation after the other.
    let mut known: Vec<bool> = Vec::new();
    let mut wants = Vec::new();
    for (at, expression) in function.expressions.iter() {
        let is = |handle: &Handle<Expression>| known[handle.index()];
        let constant = match expression {
            Expression::Literal(_)
            | Expression::Constant(_)
            | Expression::Override(_)
            | Expression::ZeroValue(_) => true,
            Expression::Compose { components, .. } => components.iter().all(is),
            Expression::Splat { value, .. } => is(value),
            Expression::Unary { expr, .. } | Expression::As { expr, .. } => is(expr),
            Expression::Swizzle { vector, .. } => is(vector),
            Expression::Binary { left, right, .. } => is(left) && is(right),
            _ => false,
        };
        known.push(constant);
        let (scalar, size) = match types[at].ty.inner_with(&module.types) {
            TypeInner::Scalar(scalar) => (*scalar, None),
            TypeInner::Vector { scalar, size } => (*scalar, Some(*size)),
            _ => (Scalar::BOOL, None),
        };
        wants.push(match expression {
            _ if constant || scalar != Scalar::F32 => Want::Nothing,
            Expression::Binary {
                op: BinaryOperator::Multiply,
                ..
            } => Want::Product(size),
            Expression::Math {
                fun: MathFunction::Min,
                ..
            } => Want::Choice(BinaryOperator::Less, size),
            Expression::Math {
                fun: MathFunction::Max,
                ..
            } => Want::Choice(BinaryOperator::Greater, size),
            _ => Want::Nothing,
        });
    }
    wants
}

/// Builds a function anew, since expressions may only name earlier ones.
fn rewrite(function: &mut Function, wants: &[Want], cx: Handle<naga::GlobalVariable>) {
    let mut new: Arena<Expression> = Arena::new();
    let mut push = |expression, span| new.append(expression, span);
    let none = Span::UNDEFINED;
    // The word that is 0, once for the function, and as vectors.
    let context = push(Expression::GlobalVariable(cx), none);
    let member = push(
        Expression::AccessIndex {
            base: context,
            index: ZERO,
        },
        none,
    );
    let zero = push(Expression::Load { pointer: member }, none);
    let splat = |size| Expression::Splat { size, value: zero };
    let zeros = [VectorSize::Bi, VectorSize::Tri, VectorSize::Quad]
        .map(|size| (size, push(splat(size), none)));
    let last_zero = zeros[2].1;

    // For each old expression where it begins and which one stands for it.
    let mut begins: Vec<Handle<Expression>> = Vec::new();
    let mut becomes: Vec<Handle<Expression>> = Vec::new();
    let old = std::mem::take(&mut function.expressions);
    for ((handle, expression), want) in old.iter().zip(wants) {
        let span = old.get_span(handle);
        let mut expression = expression.clone();
        each_operand(&mut expression, &mut |operand| {
            *operand = becomes[operand.index()]
        });
        // The value with its bits taken through the word that is 0.
        let opaque = |push: &mut dyn FnMut(Expression, Span) -> Handle<Expression>, value, size| {
            let zero = match size {
                None => zero,
                Some(wanted) => {
                    let of_size = zeros.iter().find(|(size, _)| *size == wanted);
                    of_size.expect("of all sizes").1
                }
            };
            let bits = push(cast(value, ScalarKind::Uint), span);
            let op = BinaryOperator::ExclusiveOr;
            let same = push(
                Expression::Binary {
                    op,
                    left: bits,
                    right: zero,
                },
                span,
            );
            push(cast(same, ScalarKind::Float), span)
        };
        let (first, last) = match (*want, expression) {
            (Want::Product(size), product) => {
                let product = push(product, span);
                (product, opaque(&mut push, product, size))
            }
            (
                Want::Choice(op, size),
                Expression::Math {
                    arg,
                    arg1: Some(other),
                    ..
                },
            ) => {
                let condition = push(
                    Expression::Binary {
                        op,
                        left: arg,
                        right: other,
                    },
                    span,
                );
                let accept = opaque(&mut push, arg, size);
                (
                    condition,
                    push(
                        Expression::Select {
                            condition,
                            accept,
                            reject: other,
                        },
                        span,
                    ),
                )
            }
            (_, expression) => {
                let same = push(expression, span);
                (same, same)
            }
        };
        begins.push(first);
        becomes.push(last);
    }
    function.expressions = new;
    let named = std::mem::take(&mut function.named_expressions);
    function.named_expressions = named
        .into_iter()
        .map(|(handle, name)| (becomes[handle.index()], name))
        .collect();
    for (_, local) in function.local_variables.iter_mut() {
        if let Some(init) = &mut local.init {
            *init = becomes[init.index()];
        }
    }
    remap(&mut function.body, &begins, &becomes);
    let mut body = Block::new();
    body.push(
        Statement::Emit(Range::new_from_bounds(member, last_zero)),
        none,
    );
    body.extend_block(std::mem::take(&mut function.body));
    function.body = body;
}

fn cast(expr: Handle<Expression>, kind: ScalarKind) -> Expression {
    Expression::As {
        expr,
        kind,
        convert: None,
    }
}

/// The operands of the expressions that an exact kernel has.
fn each_operand(expression: &mut Expression, f: &mut impl FnMut(&mut Handle<Expression>)) {
    use Expression as E;
    match expression {
        E::Compose { components, .. } => components.iter_mut().for_each(f),
        E::Access { base, index } => {
            f(base);
            f(index);
        }
        E::AccessIndex { base: one, .. }
        | E::Splat { value: one, .. }
        | E::Swizzle { vector: one, .. }
        | E::Load { pointer: one }
        | E::Unary { expr: one, .. }
        | E::Relational { argument: one, .. }
        | E::As { expr: one, .. }
        | E::ArrayLength(one) => f(one),
        E::Binary { left, right, .. } => {
            f(left);
            f(right);
        }
        E::Select {
            condition,
            accept,
            reject,
        } => {
            f(condition);
            f(accept);
            f(reject);
        }
        E::Math {
            arg,
            arg1,
            arg2,
            arg3,
            ..
        } => {
            f(arg);
            [arg1, arg2, arg3].into_iter().flatten().for_each(f);
        }
        // Those without operands; `check` has refused all others.
        _ => {}
    }
}

/// The same for statements.
fn remap(block: &mut Block, begins: &[Handle<Expression>], becomes: &[Handle<Expression>]) {
    let new = |handle: &mut Handle<Expression>| *handle = becomes[handle.index()];
    for statement in block.iter_mut() {
        use Statement as S;
        match statement {
            S::Emit(range) => {
                let indices = range.index_range();
                if !indices.is_empty() {
                    let (first, last) = (indices.start as usize, indices.end as usize - 1);
                    *range = Range::new_from_bounds(begins[first], becomes[last]);
                }
            }
            S::Block(inner) => remap(inner, begins, becomes),
            S::If {
                condition,
                accept,
                reject,
            } => {
                new(condition);
                remap(accept, begins, becomes);
                remap(reject, begins, becomes);
            }
            S::Switch { selector, cases } => {
                new(selector);
                cases
                    .iter_mut()
                    .for_each(|case| remap(&mut case.body, begins, becomes));
            }
            S::Loop {
                body,
                continuing,
                break_if,
            } => {
                remap(body, begins, becomes);
                remap(continuing, begins, becomes);
                break_if.iter_mut().for_each(new);
            }
            S::Return { value } => value.iter_mut().for_each(new),
            S::Store { pointer, value } => {
                new(pointer);
                new(value);
            }
            S::Call {
                arguments, result, ..
            } => {
                arguments.iter_mut().for_each(new);
                result.iter_mut().for_each(new);
            }
            // `check` has refused all others but those without operands.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Class, Kernel, Source};
    use naga::{BinaryOperator, Expression, MathFunction};

    const HEAD: &str =
        "struct Heat { x: f32, n: u32 }\nvar<storage, read_write> heats: array<Heat>;\n";

    fn exact(text: &str) -> Result<Kernel, String> {
        let source = Source::new("a.wgsl", format!("{HEAD}{text}"));
        Kernel::new(&source, Class::Exact, 64).map_err(|error| error.to_string())
    }

    #[test]
    fn what_has_several_results_is_refused_with_its_line() {
        for (body, what) in [
            ("heats[row].x = sqrt(heats[row].x);", "`sqrt`"),
            ("heats[row].x = heats[row].x / 3.0;", "a quotient of floats"),
            ("heats[row].x = fma(heats[row].x, 2.0, 1.0);", "`fma`"),
            (
                "heats[row].x = dot(vec2(heats[row].x), vec2(1.0, 2.0));",
                "`dot`",
            ),
            ("heats[row].x = clamp(heats[row].x, 1.0, 2.0);", "`clamp`"),
        ] {
            let refusal =
                exact(&format!("fn row(row: u32) {{\n  {body}\n}}")).expect_err("inexact");
            assert!(refusal.starts_with("a.wgsl:4:"), "{refusal}");
            assert!(
                refusal.contains(&format!("{what} has results that differ")),
                "{refusal}"
            );
        }
        let visual = Source::new(
            "a.wgsl",
            format!("{HEAD}fn row(row: u32) {{ heats[row].x = sqrt(heats[row].x); }}"),
        );
        Kernel::new(&visual, Class::Visual, 64).expect("a visual pass may");
    }

    /// After each product its bits go through the exclusive or, in scalars and vectors, in loops, conditions and functions; integers are left alone.
    #[test]
    fn every_product_of_floats_is_guarded() {
        let kernel = exact(
            "override FACTOR: f32 = 2.0;
            fn scaled(v: vec3<f32>, by: f32) -> vec3<f32> { return v * by; }
            fn row(row: u32) {
                var sum = heats[row].x * FACTOR;
                for (var i = 0u; i < heats[row].n; i++) {
                    if i * 2u == 4u { sum = sum * sum + 1.0; } else { sum += scaled(vec3(sum), 3.0).y * (FACTOR * 2.0); }
                    switch i { case 1u: { sum = min(sum, 5.0); } default: { sum = max(sum * 2.0, f32(i)); } }
                }
                heats[row].x = sum;
            }",
        )
        .expect("exact");
        let (mut products, mut guards, mut choices) = (0, 0, 0);
        for (_, function) in kernel.module.functions.iter() {
            for (_, expression) in function.expressions.iter() {
                match expression {
                    Expression::Binary {
                        op: BinaryOperator::Multiply,
                        ..
                    } => products += 1,
                    Expression::Binary {
                        op: BinaryOperator::ExclusiveOr,
                        ..
                    } => guards += 1,
                    Expression::Math {
                        fun: MathFunction::Min | MathFunction::Max,
                        ..
                    } => panic!("min or max"),
                    Expression::Select { .. } => choices += 1,
                    _ => {}
                }
            }
        }
        // `i * 2u` and `FACTOR * 2.0` need none; what is chosen has one, too.
        assert_eq!((products, guards, choices), (7, 5 + 2, 2));
    }
}

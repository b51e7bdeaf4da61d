//! The sources as asc takes them: what AssemblyScript has not, or reads otherwise, is written out.
//!
//! | in the language | for asc |
//! |---|---|
//! | classes of components, filters, imports of files of the script | nothing: the glue has them |
//! | `positions: Vec2[]`, `hits: Events<Hit>`, `of: Entity` | `Rows_Vec2`, `Events_Hit`, `u64` |
//! | a number without a type, where the checker knows it | `f32(0.5)` |
//! | `positions[k]` | with a check of `k` that traps in this place, unless a loop keeps it in bounds |
//! | a loop over the rows | notes the row at hand |
//! | `for (const p of positions)`, `outer: for (…) … continue outer;`, `a ** b` | loops with an index, variables that say where to go, `Math.pow` |
//! | `world.spawn({ … })` | values stored one by one, and a call of the host |
//! | `cx.random(entity, 0)` | a generator in a place of its own |

mod commands;
mod loops;
mod words;

use words::{KEPT, number};
pub use words::{name_of, number_type};

use super::super::diagnostic::Problem;
use super::super::ir::{At, Scalar, Trap};
use super::super::tree::{ClassTree, Part as Place, Shape, Tree};
use super::edit::{Edit, Edited, Part, apply};
use super::signature::{Words, class_of, is_command, methods_of};
use crate::compile::Source;
use crate::compile::check::classes::{array_of, events_of, reference, scalar_named};
use oxc_ast::ast::{
    Argument, ArrowFunctionExpression, AssignmentExpression, BindingIdentifier, Class,
    ClassElement, ComputedMemberExpression, Expression, FormalParameter, Function,
    IdentifierReference, ImportDeclaration, MethodDefinition, Program, PropertyDefinition,
    PropertyKey, Statement, StaticMemberExpression, TSType,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator};
use oxc_syntax::scope::ScopeFlags;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the sources.
pub struct Known<'k> {
    /// What the checker found: of the whole sources, or of what they declare.
    pub tree: &'k Tree,
    /// Whether it saw all.
    pub whole: bool,
    pub words: &'k Words,
}

/// The changed sources, with the lists of components that commands name beside those that are known.
pub fn rewrite(
    sources: &[Source],
    programs: &[Program<'_>],
    known: &Known<'_>,
    templates: &mut Vec<Vec<String>>,
) -> Result<Vec<Edited>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut edited = Vec::new();
    for (number, (source, program)) in (0..).zip(sources.iter().zip(programs)) {
        let mut rewriter = Rewriter {
            known,
            source: number,
            text: &source.text,
            templates: &mut *templates,
            problems: &mut problems,
            edits: Vec::new(),
            method: Method::default(),
            loops: Vec::new(),
            labels: Vec::new(),
            functions: 0,
            parameter: false,
            made: 0,
        };
        rewriter.program(program);
        let edits = rewriter.edits;
        edited.push(apply(&source.text, edits));
    }
    match problems.is_empty() {
        true => Ok(edited),
        false => Err(problems),
    }
}

struct Rewriter<'r, 'k> {
    known: &'r Known<'k>,
    source: u32,
    text: &'r str,
    templates: &'r mut Vec<Vec<String>>,
    problems: &'r mut Vec<Problem>,
    edits: Vec<Edit>,
    /// The method of a system at hand.
    method: Method,
    /// The loops at hand: the index of each that stays below a length, and that length.
    loops: Vec<Option<(String, String)>>,
    /// Labels with the number of the loop that has them.
    labels: Vec<(String, usize)>,
    /// Functions at hand, one within the other.
    functions: usize,
    /// Whether this is a parameter.
    parameter: bool,
    made: usize,
}

#[derive(Default)]
struct Method {
    /// Columns, and events.
    columns: BTreeSet<String>,
    events: BTreeSet<String>,
    /// Resources with their classes.
    resources: BTreeMap<String, String>,
    /// Names for how many rows there are.
    lengths: BTreeSet<String>,
    is_system: bool,
}

fn new(text: impl Into<String>) -> Part {
    Part::New(text.into(), None)
}

fn stops(text: impl Into<String>, trap: Trap) -> Part {
    Part::New(text.into(), Some(trap.words()))
}

fn same(span: Span) -> Part {
    Part::Same(span.start, span.end)
}

impl<'r> Rewriter<'r, '_> {
    fn program(&mut self, program: &Program<'_>) {
        for statement in &program.body {
            if let Some(class) = class_of(statement) {
                let is_system = methods_of(class).next().is_some();
                if !is_system && self.class_named(class_name(class)).is_some() {
                    self.edit(statement.span(), Vec::new());
                    continue;
                }
            }
            self.visit_statement(statement);
        }
    }

    fn edit(&mut self, span: Span, parts: Vec<Part>) {
        self.edits.push(Edit {
            from: span.start,
            to: span.end,
            parts,
        });
    }

    fn insert(&mut self, at: u32, text: String) {
        self.edits.push(Edit {
            from: at,
            to: at,
            parts: vec![new(text)],
        });
    }

    fn said(&self, span: Span) -> &'r str {
        &self.text[span.start as usize..span.end as usize]
    }

    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem {
            at: At {
                source: self.source,
                byte: span.start,
            },
            message: message.into(),
        });
    }

    fn part(&self, span: Span) -> Place {
        (self.source, span.start, span.end)
    }

    fn class_named(&self, name: &str) -> Option<&'r ClassTree> {
        let classes = &self.known.tree.classes;
        classes.iter().find(|class| class.name == name)
    }

    fn name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("${what}{}", self.made)
    }

    /// `(…)` with the division of whole numbers.
    fn divided(&mut self, ty: Scalar, sign: char, left: Span, right: Span) -> Vec<Part> {
        let stop = |text: String| stops(text, Trap::Divide);
        match (ty, sign) {
            // The least number divided by -1 is one too large for its type, and wraps.
            (Scalar::I32, '/') => vec![
                stop("(i32(".to_owned()),
                stop("i64(".to_owned()),
                same(left),
                stop(") / i64(".to_owned()),
                same(right),
                new(")))"),
            ],
            (Scalar::I64, '/') => vec![
                new("(($j = "),
                same(right),
                new(") == -1 ? 0 - ("),
                same(left),
                new(") : "),
                stop("i64(".to_owned()),
                same(left),
                stop(") / $j)".to_owned()),
            ],
            _ => {
                let ty = number_type(ty);
                vec![
                    new("("),
                    stop(format!("{ty}(")),
                    same(left),
                    stop(format!(") {sign} {ty}(")),
                    same(right),
                    new("))"),
                ]
            }
        }
    }

    /// What an index has to be below, if an expression can be indexed and is known: for a column any length of rows.
    fn bound_of(&self, object: &Expression<'_>) -> Option<(String, Trap)> {
        let length = || format!("{}.length", self.said(object.span()));
        match object {
            Expression::Identifier(id) if self.method.columns.contains(id.name.as_str()) => {
                Some(("$rows".to_owned(), Trap::Row))
            }
            Expression::Identifier(id) if self.method.events.contains(id.name.as_str()) => {
                Some((length(), Trap::Row))
            }
            Expression::Identifier(_) | Expression::StaticMemberExpression(_)
                if self.known.whole || self.is_array(object) =>
            {
                Some((length(), Trap::Item))
            }
            _ => None,
        }
    }

    /// `grid.starts`
    fn is_array(&self, object: &Expression<'_>) -> bool {
        let Expression::StaticMemberExpression(member) = object else {
            return false;
        };
        let Expression::Identifier(id) = &member.object else {
            return false;
        };
        let class = self.method.resources.get(id.name.as_str());
        let class = class.and_then(|class| self.class_named(class));
        class.is_some_and(|class| {
            let mut fields = class.fields.iter();
            fields.any(|field| {
                field.name == member.property.name.as_str()
                    && matches!(field.shape, Shape::Array(..))
            })
        })
    }
}

fn class_name<'p>(class: &'p Class<'_>) -> &'p str {
    class.id.as_ref().map_or("", |id| id.name.as_str())
}

impl<'a> Visit<'a> for Rewriter<'_, '_> {
    fn visit_import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        let from = it.source.value.as_str();
        // Names of all sources are known everywhere.
        if from == "layerw" || from.starts_with("./") || from.starts_with("../") {
            self.edit(it.span, Vec::new());
        }
    }

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        let filter = matches!(&it.key, PropertyKey::StaticIdentifier(key) if ["with", "without"].contains(&key.name.as_str()));
        match it.r#static && filter {
            true => self.edit(it.span, Vec::new()),
            false => walk::walk_property_definition(self, it),
        }
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        let is_system = methods_of(it).next().is_some();
        for element in &it.body.body {
            match element {
                ClassElement::MethodDefinition(method)
                    if is_system && methods_of(it).any(|one| std::ptr::eq(one, &**method)) =>
                {
                    self.system(method);
                }
                other => self.visit_class_element(other),
            }
        }
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        if let Some(body) = &it.body {
            self.insert(body.span.start + 1, " let $i: i32 = 0;".to_owned());
        }
        self.apart(|this| walk::walk_function(this, it, flags));
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.apart(|this| walk::walk_arrow_function_expression(this, it));
    }

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        self.parameter = true;
        walk::walk_formal_parameter(self, it);
        self.parameter = false;
    }

    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        let name = it.property.name.as_str();
        let is_field = |class: &ClassTree| class.fields.iter().any(|field| field.name == name);
        if KEPT.contains(&name) && self.known.tree.classes.iter().any(is_field) {
            let name = name_of(name).into_owned();
            self.edit(it.property.span, vec![new(name)]);
        }
        walk::walk_static_member_expression(self, it);
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.word(it.name.as_str(), it.span);
    }

    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.word(it.name.as_str(), it.span);
    }

    fn visit_ts_type(&mut self, it: &TSType<'a>) {
        let span = it.span();
        if let Some(element) = array_of(it) {
            let name = self.said(element.span()).trim();
            if self.class_named(name).is_some() {
                return self.edit(span, vec![new(format!("Rows_{name}"))]);
            }
            let plain = match name {
                "number" => Some("f32"),
                "boolean" => Some("bool"),
                "Entity" => Some("u64"),
                name => scalar_named(name).map(Scalar::name),
            };
            if let (Some(plain), true) = (plain, self.parameter && self.method.is_system) {
                return self.edit(span, vec![new(format!("Column<{plain}>"))]);
            }
        }
        if let Some(event) = events_of(it) {
            let name = self.said(event.span()).trim();
            return self.edit(span, vec![new(format!("Events_{name}"))]);
        }
        if reference(it) == Some("Entity") {
            return self.edit(span, vec![new("u64")]);
        }
        walk::walk_ts_type(self, it);
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        match it {
            Statement::ExpressionStatement(node) => match &node.expression {
                Expression::CallExpression(call) if is_command(call, &self.known.words.worlds) => {
                    self.command(node.span, call);
                }
                _ => walk::walk_statement(self, it),
            },
            Statement::LabeledStatement(node) => {
                let label = node.label.name.to_string();
                let text = format!("{{ let $to_{label}: i32 = 0; ");
                self.edit(
                    node.span,
                    vec![new(text), same(node.body.span()), new(" }")],
                );
                // Of the loop that begins now.
                self.labels.push((label, self.loops.len()));
                self.visit_statement(&node.body);
                self.labels.pop();
            }
            Statement::BreakStatement(node) => {
                if let Some(label) = &node.label {
                    self.jump(node.span, label.name.as_str(), "break");
                }
            }
            Statement::ContinueStatement(node) => {
                if let Some(label) = &node.label {
                    self.jump(node.span, label.name.as_str(), "continue");
                }
            }
            Statement::ForStatement(node) => {
                self.left(node.span);
                let safe = self.counts(node);
                let over = safe.as_ref().filter(|(_, bound)| bound == "$rows");
                let row = over.filter(|_| self.is_outermost());
                let row = row.map(|(name, _)| name_of(name).into_owned());
                if let Some(init) = &node.init {
                    self.visit_for_statement_init(init);
                }
                if let Some(test) = &node.test {
                    self.visit_expression(test);
                }
                if let Some(update) = &node.update {
                    self.visit_expression(update);
                }
                self.body(&node.body, row, safe);
            }
            Statement::ForOfStatement(node) => {
                self.left(node.span);
                self.for_of(node);
            }
            Statement::WhileStatement(node) => {
                self.left(node.span);
                self.visit_expression(&node.test);
                self.body(&node.body, None, None);
            }
            Statement::DoWhileStatement(node) => {
                self.left(node.span);
                self.body(&node.body, None, None);
                self.visit_expression(&node.test);
            }
            Statement::VariableDeclaration(node) => {
                for one in &node.declarations {
                    if let (Some(id), Some(init)) = (one.id.get_binding_identifier(), &one.init)
                        && node.kind.is_const()
                        && self.is_length(init)
                    {
                        self.method.lengths.insert(id.name.to_string());
                    }
                }
                walk::walk_statement(self, it);
            }
            _ => walk::walk_statement(self, it),
        }
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        let span = it.span();
        let part = self.part(span);
        if self.known.whole
            && let Some((ty, value)) = self.known.tree.notes.numbers.get(&part)
        {
            return self.edit(span, vec![new(number(*ty, *value))]);
        }
        match it {
            Expression::BinaryExpression(node) => {
                let (left, right) = (node.left.span(), node.right.span());
                let division = self.known.tree.notes.divisions.get(&part);
                if node.operator == BinaryOperator::Exponential {
                    self.edit(
                        span,
                        vec![
                            new("Math.pow("),
                            same(left),
                            new(", "),
                            same(right),
                            new(")"),
                        ],
                    );
                } else if let (Some(ty), true) = (division, self.known.whole) {
                    let sign = match node.operator {
                        BinaryOperator::Division => '/',
                        _ => '%',
                    };
                    let parts = self.divided(*ty, sign, left, right);
                    self.edit(span, parts);
                }
            }
            Expression::CallExpression(node) if is_command(node, &self.known.words.worlds) => {
                let message = "a command gives nothing back; it stands as a statement of its own";
                return self.problem(span, message);
            }
            Expression::CallExpression(node)
                if is_command(node, &self.known.words.contexts)
                    && matches!(&node.callee, Expression::StaticMemberExpression(member) if member.property.name == "random") =>
            {
                return self.random(node);
            }
            Expression::CallExpression(node) if !self.known.whole => {
                // A number alone says nothing of its type.
                if let (Expression::StaticMemberExpression(member), [first, second]) =
                    (&node.callee, &node.arguments[..])
                    && matches!(&member.object, Expression::Identifier(id) if id.name == "Math")
                    && ["min", "max"].contains(&member.property.name.as_str())
                    && matches!(first, Argument::NumericLiteral(_))
                {
                    let callee = node.callee.span();
                    self.edit(
                        span,
                        vec![
                            same(callee),
                            new("("),
                            same(second.span()),
                            new(", "),
                            same(first.span()),
                            new(")"),
                        ],
                    );
                }
            }
            _ => {}
        }
        walk::walk_expression(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let (left, right) = (it.left.span(), it.right.span());
        let division = self.known.tree.notes.divisions.get(&self.part(it.span));
        if it.operator == AssignmentOperator::Exponential {
            self.edit(
                it.span,
                vec![
                    same(left),
                    new(" = Math.pow("),
                    same(left),
                    new(", "),
                    same(right),
                    new(")"),
                ],
            );
        } else if let (Some(ty), true) = (division, self.known.whole) {
            let sign = match it.operator {
                AssignmentOperator::Division => '/',
                _ => '%',
            };
            let mut parts = vec![same(left), new(" = ")];
            parts.extend(self.divided(*ty, sign, left, right));
            self.edit(it.span, parts);
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_computed_member_expression(&mut self, it: &ComputedMemberExpression<'a>) {
        let (object, index) = (it.object.span(), it.expression.span());
        if let Some((bound, trap)) = self.bound_of(&it.object) {
            let name = match &it.expression {
                Expression::Identifier(id) => Some(id.name.as_str()),
                _ => None,
            };
            let mut safe = self.loops.iter().flatten();
            let known =
                name.is_some_and(|name| safe.any(|(one, end)| one == name && *end == bound));
            if !known {
                let end = match bound == "$rows" {
                    true => vec![new(") < u32($rows")],
                    false => vec![new(") < u32("), same(object), new(".length")],
                };
                let mut parts = vec![same(object), new("[")];
                match name {
                    Some(_) => {
                        parts.extend([new("u32("), same(index)]);
                        parts.extend(end);
                        parts.extend([new(") ? "), same(index), new(" : ")]);
                    }
                    None => {
                        parts.extend([new("u32($i = i32("), same(index), new(")")]);
                        parts.extend(end);
                        parts.push(new(") ? $i : "));
                    }
                }
                parts.extend([stops("unreachable()", trap), new("]")]);
                self.edit(it.span, parts);
            }
        }
        walk::walk_computed_member_expression(self, it);
    }
}

impl<'a> Rewriter<'_, '_> {
    /// The name of a variable or function, where all are known to be that.
    fn word(&mut self, name: &str, span: Span) {
        if self.known.whole && KEPT.contains(&name) {
            let name = name_of(name).into_owned();
            self.edit(span, vec![new(name)]);
        }
    }

    /// What is in a function knows nothing of what is around it.
    fn apart(&mut self, inner: impl FnOnce(&mut Self)) {
        let loops = std::mem::take(&mut self.loops);
        let labels = std::mem::take(&mut self.labels);
        let around = (self.functions > 0).then(|| std::mem::take(&mut self.method));
        self.functions += 1;
        inner(self);
        self.functions -= 1;
        if let Some(around) = around {
            self.method = around;
        }
        (self.loops, self.labels) = (loops, labels);
    }

    fn system(&mut self, method: &MethodDefinition<'a>) {
        let mut known = Method {
            is_system: true,
            ..Method::default()
        };
        for param in &method.value.params.items {
            let (Some(id), Some(annotation)) = (
                param.pattern.get_binding_identifier(),
                &param.type_annotation,
            ) else {
                continue;
            };
            let (name, ty) = (id.name.to_string(), &annotation.type_annotation);
            if array_of(ty).is_some() {
                known.columns.insert(name);
            } else if events_of(ty).is_some() {
                known.events.insert(name);
            } else if let Some(class) = reference(ty) {
                known.resources.insert(name, class.to_owned());
            }
        }
        self.method = known;
        self.visit_function(&method.value, ScopeFlags::Function);
        self.method = Method::default();
    }
}

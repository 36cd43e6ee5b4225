"""Hypothesis strategies for the model's Structs, read off their types."""

from typing import Any

from hypothesis import strategies as st
from msgspec import Struct, inspect

words = st.sampled_from(["", "a", "web", "1", "HEAD"])
free_form = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


_built: dict[type, st.SearchStrategy[Any]] = {}


def structs(kind: type[Struct]) -> st.SearchStrategy[Any]:
    """Values of `kind`, most fields left at their defaults, so that examples stay small."""
    return _values(inspect.type_info(kind))


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            return _struct(kind)
        case inspect.VarTupleType():
            return st.lists(_values(kind.item_type), max_size=3).map(tuple)
        case inspect.DictType():
            return st.dictionaries(words, _values(kind.value_type), max_size=2)
        case inspect.UnionType():
            return st.one_of([_values(option) for option in kind.types])
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
    scalars: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
        inspect.StrType: words,
        inspect.IntType: st.integers(0, 3),
        inspect.BoolType: st.booleans(),
        inspect.NoneType: st.none(),
        inspect.AnyType: free_form,
    }
    return scalars[type(kind)]


def _struct(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    if kind.cls not in _built:
        fields = {field.name: (field.required, _values(field.type)) for field in kind.fields}

        @st.composite
        def build(draw: st.DrawFn) -> Any:
            chosen = {name: values for name, (must, values) in fields.items() if must or draw(st.integers(0, 3)) == 0}
            return kind.cls(**{name: draw(values) for name, values in chosen.items()})

        _built[kind.cls] = build()
    return _built[kind.cls]

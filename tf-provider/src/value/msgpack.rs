//! The wire form of values.
//!
//! It is directed by the type: a number can look like a string, an object like a
//! map, and a set like a list.

use rmp::Marker;
use rmp::encode::{self as put, ByteBuf};

pub use crate::value::Error;
use crate::value::{
    MAX_DEPTH, Number, Object, ObjectType, Promises, Refinements, Step, Type, Value, mismatch, normal_form,
};

/// The extension type of an unknown value about which something is promised.
const REFINED: i8 = 12;
/// The longest payload Terraform accepts for promises, in bytes.
const MAX_PROMISES: usize = 1024;
/// The longest prefix Terraform itself promises, in bytes.
const MAX_PREFIX: usize = 256;

// Keys of the promises.
const NULL: u64 = 1;
const PREFIX: u64 = 2;
const LOWER: u64 = 3;
const UPPER: u64 = 4;
const MIN_LENGTH: u64 = 5;
const MAX_LENGTH: u64 = 6;

/// Writes a value. Attributes of an object that the value lacks are written as null.
///
/// A value that is not of that type is a bug of the provider.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, Error> {
    value.check(ty, 0)?;
    let mut out = ByteBuf::new();
    write(&mut out, value, ty)?;
    Ok(out.into_vec())
}

/// Reads a value, in any size class of MessagePack.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    let mut reader = Reader(bytes);
    let value = reader.value(ty, 0)?;
    if reader.0.is_empty() { Ok(value) } else { Err(Error::incoming("Something follows the value.")) }
}

/// Writes a value that is known to conform.
fn write(out: &mut ByteBuf, value: &Value, ty: &Type) -> Result<(), Error> {
    match (value, ty) {
        (Value::Null, _) => {
            let Ok(()) = put::write_nil(out);
        }
        (Value::Unknown(refinements), ty) => write_unknown(out, refinements, ty)?,
        (Value::Bool(value), _) => {
            let Ok(()) = put::write_bool(out, *value);
        }
        (Value::Number(number), _) => write_number(out, number)?,
        (Value::String(text), _) => write_text(out, text)?,
        (Value::List(elements), Type::Tuple(types)) => {
            write_array(out, elements.len())?;
            elements.iter().zip(types).try_for_each(|(element, ty)| write(out, element, ty))?;
        }
        (Value::List(elements), Type::List(ty)) => {
            write_array(out, elements.len())?;
            elements.iter().try_for_each(|element| write(out, element, ty))?;
        }
        (Value::Set(elements), Type::Set(ty)) => {
            write_array(out, elements.len())?;
            elements.iter().try_for_each(|element| write(out, element, ty))?;
        }
        (Value::Map(elements), Type::Map(ty)) => {
            write_map(out, elements.len())?;
            for (key, element) in elements {
                write_text(out, key)?;
                write(out, element, ty)?;
            }
        }
        (Value::Map(values), Type::Object(object)) => {
            write_map(out, object.attributes.len())?;
            for (name, ty) in &object.attributes {
                write_text(out, name)?;
                write(out, values.get(name).unwrap_or(&Value::Null), ty)?;
            }
        }
        (Value::Dynamic(ty, value), _) => {
            write_array(out, 2)?;
            let ty_json = ty.to_json().to_string();
            length(ty_json.len())?;
            let Ok(()) = put::write_bin(out, ty_json.as_bytes());
            write(out, value, ty)?;
        }
        (value, ty) => return Err(Error::outgoing(mismatch(ty, value.describe()))),
    }
    Ok(())
}

/// As Terraform does: integers as such, floats where they are exact, text otherwise.
fn write_number(out: &mut ByteBuf, number: &Number) -> Result<(), Error> {
    if let Some(integer) = number.as_i64() {
        let Ok(_) = put::write_sint(out, integer);
        return Ok(());
    }
    let float = number.to_f64();
    if !number.is_integer() && Number::try_from(float).as_ref() == Ok(number) {
        let Ok(()) = put::write_f64(out, float);
        return Ok(());
    }
    write_text(out, &number.to_string())
}

fn write_text(out: &mut ByteBuf, text: &str) -> Result<(), Error> {
    length(text.len())?;
    let Ok(()) = put::write_str(out, text);
    Ok(())
}

fn write_array(out: &mut ByteBuf, len: usize) -> Result<(), Error> {
    let Ok(_) = put::write_array_len(out, length(len)?);
    Ok(())
}

fn write_map(out: &mut ByteBuf, len: usize) -> Result<(), Error> {
    let Ok(_) = put::write_map_len(out, length(len)?);
    Ok(())
}

/// MessagePack counts in 32 bits.
fn length(len: usize) -> Result<u32, Error> {
    u32::try_from(len).map_err(|_| Error::outgoing("The value is too long."))
}

fn write_unknown(out: &mut ByteBuf, refinements: &Refinements, ty: &Type) -> Result<(), Error> {
    let promises = match refinements.promises() {
        Some(promises) => promises_payload(promises, ty)?,
        None => Vec::new(),
    };
    // Without its promises an unknown value is still true.
    if promises.is_empty() || promises.len() > MAX_PROMISES {
        let Ok(_) = put::write_ext_meta(out, 1, 0);
        out.as_mut_vec().push(0);
    } else {
        let Ok(_) = put::write_ext_meta(out, length(promises.len())?, REFINED);
        out.as_mut_vec().extend_from_slice(&promises);
    }
    Ok(())
}

/// The promises that a value of that type can keep; nothing if there are none.
fn promises_payload(promises: &Promises, ty: &Type) -> Result<Vec<u8>, Error> {
    let mut entries = ByteBuf::new();
    let out = &mut entries;
    let mut count = 0;
    let mut key = |out: &mut ByteBuf, key| {
        count += 1;
        let Ok(_) = put::write_uint(out, key);
    };
    if let (Some(null), true) = (promises.null, *ty != Type::Dynamic) {
        key(out, NULL);
        let Ok(()) = put::write_bool(out, null);
    }
    match ty {
        Type::String => {
            if let Some(prefix) = promises.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
                key(out, PREFIX);
                write_text(out, &prefix[..prefix.floor_char_boundary(MAX_PREFIX)])?;
            }
        }
        Type::Number => {
            for (name, bound) in [(LOWER, &promises.lower), (UPPER, &promises.upper)] {
                if let Some((number, inclusive)) = bound {
                    key(out, name);
                    write_array(out, 2)?;
                    write_number(out, number)?;
                    let Ok(()) = put::write_bool(out, *inclusive);
                }
            }
        }
        Type::List(_) | Type::Set(_) | Type::Map(_) => {
            for (name, bound) in [(MIN_LENGTH, promises.min_length), (MAX_LENGTH, promises.max_length)] {
                if let Some(bound) = bound {
                    key(out, name);
                    let Ok(_) = put::write_uint(out, bound);
                }
            }
        }
        Type::Bool | Type::Dynamic | Type::Tuple(_) | Type::Object(_) => {}
    }
    let mut payload = ByteBuf::new();
    if count > 0 {
        write_map(&mut payload, count)?;
        payload.as_mut_vec().extend_from_slice(entries.as_slice());
    }
    Ok(payload.into_vec())
}

/// The rest of the input.
struct Reader<'a>(&'a [u8]);

/// One element of MessagePack, or the head of an array or map.
enum Token<'a> {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    /// A string, or binary, which Terraform reads as a string.
    Text(&'a [u8]),
    /// How many elements follow; never more than there are bytes.
    Array(usize),
    /// How many pairs follow; never more than there are bytes for.
    Map(usize),
    Ext(i8, &'a [u8]),
}

impl Token<'_> {
    fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Signed(_) | Self::Unsigned(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Ext(..) => "an unknown value",
        }
    }
}

impl<'a> Reader<'a> {
    fn value(&mut self, ty: &Type, depth: usize) -> Result<Value, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::incoming("The value is nested too deeply."));
        }
        let depth = depth + 1;
        Ok(match (ty, self.token()?) {
            (_, Token::Null) => Value::Null,
            (ty, Token::Ext(kind, payload)) => Value::Unknown(refinements(kind, payload, ty)),
            (Type::Bool, Token::Bool(value)) => Value::Bool(value),
            (Type::Number, token @ (Token::Signed(_) | Token::Unsigned(_) | Token::Float(_) | Token::Text(_))) => {
                Value::Number(number(&token)?)
            }
            (Type::String, Token::Text(bytes)) => Value::string(utf8(bytes)?),
            (Type::List(ty), Token::Array(len)) => Value::List(
                (0..len)
                    .map(|index| self.value(ty, depth).map_err(|error| error.under(Step::Index(index))))
                    .collect::<Result<_, _>>()?,
            ),
            (Type::Set(ty), Token::Array(len)) => {
                Value::Set((0..len).map(|_| self.value(ty, depth).map_err(Error::under_set)).collect::<Result<_, _>>()?)
            }
            (Type::Tuple(types), Token::Array(len)) if types.len() == len => Value::List(
                types
                    .iter()
                    .enumerate()
                    .map(|(index, ty)| self.value(ty, depth).map_err(|error| error.under(Step::Index(index))))
                    .collect::<Result<_, _>>()?,
            ),
            (Type::Map(ty), Token::Map(len)) => Value::Map(self.map(ty, len, depth)?),
            (Type::Object(object), Token::Map(len)) => Value::Map(self.object(object, len, depth)?),
            (Type::Dynamic, Token::Array(2)) => {
                let Token::Text(json) = self.token()? else {
                    return Err(Error::incoming("A dynamic value should begin with its type."));
                };
                match Type::parse(json)? {
                    Type::Dynamic => self.value(&Type::Dynamic, depth)?,
                    ty => {
                        let value = self.value(&ty, depth)?;
                        Value::Dynamic(Box::new(ty), Box::new(value))
                    }
                }
            }
            (ty, token) => return Err(Error::incoming(mismatch(ty, token.describe()))),
        })
    }

    fn map(&mut self, ty: &Type, len: usize, depth: usize) -> Result<Object, Error> {
        let mut elements = Object::new();
        for _ in 0..len {
            let key = self.key()?;
            let value = self.value(ty, depth).map_err(|error| error.under(Step::Key(key.clone())))?;
            if elements.contains_key(&key) {
                return Err(Error::incoming("The key occurs twice.").under(Step::Key(key)));
            }
            elements.insert(key, value);
        }
        Ok(elements)
    }

    fn object(&mut self, object: &ObjectType, len: usize, depth: usize) -> Result<Object, Error> {
        let mut values = Object::new();
        for _ in 0..len {
            let name = self.key()?;
            let value = match object.attributes.get(&name) {
                Some(_) if values.contains_key(&name) => Err(Error::incoming("The attribute occurs twice.")),
                Some(ty) => self.value(ty, depth),
                None => Err(Error::incoming("The object has no such attribute.")),
            };
            let value = value.map_err(|error| error.under(Step::Attribute(name.clone())))?;
            values.insert(name, value);
        }
        for name in object.attributes.keys().filter(|name| !values.contains_key(*name)).cloned().collect::<Vec<_>>() {
            if !object.optional.contains(&name) {
                return Err(Error::incoming("The attribute is missing.").under(Step::Attribute(name)));
            }
            values.insert(name, Value::Null);
        }
        Ok(values)
    }

    fn key(&mut self) -> Result<String, Error> {
        match self.token()? {
            Token::Text(bytes) => Ok(normal_form(utf8(bytes)?.to_owned())),
            _ => Err(Error::incoming("A key should be a string.")),
        }
    }

    fn token(&mut self) -> Result<Token<'a>, Error> {
        let [marker] = self.array()?;
        Ok(match Marker::from_u8(marker) {
            Marker::Null => Token::Null,
            Marker::False => Token::Bool(false),
            Marker::True => Token::Bool(true),
            Marker::FixPos(n) => Token::Unsigned(n.into()),
            Marker::FixNeg(n) => Token::Signed(n.into()),
            Marker::U8 => Token::Unsigned(u8::from_be_bytes(self.array()?).into()),
            Marker::U16 => Token::Unsigned(u16::from_be_bytes(self.array()?).into()),
            Marker::U32 => Token::Unsigned(u32::from_be_bytes(self.array()?).into()),
            Marker::U64 => Token::Unsigned(u64::from_be_bytes(self.array()?)),
            Marker::I8 => Token::Signed(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => Token::Signed(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => Token::Signed(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => Token::Signed(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Token::Float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => Token::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(len) => Token::Text(self.take(len.into())?),
            Marker::Str8 | Marker::Bin8 => self.len8().and_then(|len| self.take(len)).map(Token::Text)?,
            Marker::Str16 | Marker::Bin16 => self.len16().and_then(|len| self.take(len)).map(Token::Text)?,
            Marker::Str32 | Marker::Bin32 => self.len32().and_then(|len| self.take(len)).map(Token::Text)?,
            Marker::FixArray(len) => Token::Array(self.holds(len.into(), 1)?),
            Marker::Array16 => self.len16().and_then(|len| self.holds(len, 1)).map(Token::Array)?,
            Marker::Array32 => self.len32().and_then(|len| self.holds(len, 1)).map(Token::Array)?,
            Marker::FixMap(len) => Token::Map(self.holds(len.into(), 2)?),
            Marker::Map16 => self.len16().and_then(|len| self.holds(len, 2)).map(Token::Map)?,
            Marker::Map32 => self.len32().and_then(|len| self.holds(len, 2)).map(Token::Map)?,
            Marker::FixExt1 => self.ext(1)?,
            Marker::FixExt2 => self.ext(2)?,
            Marker::FixExt4 => self.ext(4)?,
            Marker::FixExt8 => self.ext(8)?,
            Marker::FixExt16 => self.ext(16)?,
            Marker::Ext8 => self.len8().and_then(|len| self.ext(len))?,
            Marker::Ext16 => self.len16().and_then(|len| self.ext(len))?,
            Marker::Ext32 => self.len32().and_then(|len| self.ext(len))?,
            Marker::Reserved => return Err(Error::incoming("This is not MessagePack.")),
        })
    }

    fn ext(&mut self, len: usize) -> Result<Token<'a>, Error> {
        let kind = i8::from_be_bytes(self.array()?);
        Ok(Token::Ext(kind, self.take(len)?))
    }

    fn len8(&mut self) -> Result<usize, Error> {
        self.array().map(|bytes| u8::from_be_bytes(bytes).into())
    }

    fn len16(&mut self) -> Result<usize, Error> {
        self.array().map(|bytes| u16::from_be_bytes(bytes).into())
    }

    fn len32(&mut self) -> Result<usize, Error> {
        self.array().map(|bytes| u32::from_be_bytes(bytes) as usize)
    }

    /// A number of elements, if at least that many times `size` bytes are left.
    fn holds(&self, len: usize, size: usize) -> Result<usize, Error> {
        if len.saturating_mul(size) <= self.0.len() { Ok(len) } else { Err(cut_short()) }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// Passes over one whole element, however deep, without recursion.
    fn skip(&mut self) -> Result<(), Error> {
        let mut elements = 1_usize;
        while elements > 0 {
            elements -= 1;
            elements = elements.saturating_add(match self.token()? {
                Token::Array(len) => len,
                Token::Map(len) => len.saturating_mul(2),
                _ => 0,
            });
        }
        Ok(())
    }

    fn promises(&mut self) -> Result<Promises, Error> {
        let unfit = || Error::incoming("These are no promises.");
        let mut promises = Promises::default();
        let Token::Map(len) = self.token()? else { return Err(unfit()) };
        for _ in 0..len {
            let key = match self.token()? {
                Token::Unsigned(key) => key,
                Token::Signed(key) => u64::try_from(key).unwrap_or_default(),
                _ => return Err(unfit()),
            };
            match key {
                NULL => {
                    let Token::Bool(null) = self.token()? else { return Err(unfit()) };
                    promises.null = Some(null);
                }
                PREFIX => {
                    let Token::Text(prefix) = self.token()? else { return Err(unfit()) };
                    promises.prefix = Some(normal_form(utf8(prefix)?.to_owned()));
                }
                LOWER | UPPER => {
                    let Token::Array(2) = self.token()? else { return Err(unfit()) };
                    let number = number(&self.token()?)?;
                    let Token::Bool(inclusive) = self.token()? else { return Err(unfit()) };
                    let bound = if key == LOWER { &mut promises.lower } else { &mut promises.upper };
                    *bound = Some((number, inclusive));
                }
                MIN_LENGTH | MAX_LENGTH => {
                    let length = number(&self.token()?)?.as_u64().ok_or_else(unfit)?;
                    let bound = if key == MIN_LENGTH { &mut promises.min_length } else { &mut promises.max_length };
                    *bound = Some(length);
                }
                _ => self.skip()?,
            }
        }
        Ok(promises)
    }
}

/// What is promised about an unknown value; unreadable promises are ignored.
fn refinements(kind: i8, payload: &[u8], ty: &Type) -> Refinements {
    if kind != REFINED || payload.len() > MAX_PROMISES || *ty == Type::Dynamic {
        return Refinements::NONE;
    }
    Reader(payload).promises().map_or(Refinements::NONE, Refinements::new)
}

fn number(token: &Token<'_>) -> Result<Number, Error> {
    let number = match *token {
        Token::Signed(n) => Ok(n.into()),
        Token::Unsigned(n) => Ok(n.into()),
        Token::Float(n) => n.try_into(),
        Token::Text(bytes) => utf8(bytes)?.parse(),
        _ => return Err(Error::incoming(mismatch(&Type::Number, token.describe()))),
    };
    number.map_err(|error| Error::incoming(format!("This is {error}.")))
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    str::from_utf8(bytes).map_err(|_| Error::incoming("The text is not UTF-8."))
}

fn cut_short() -> Error {
    Error::incoming("The value is cut short.")
}

#[cfg(test)]
mod tests;

//! The functions.

use tf_provider::schema::{Function, FunctionError, required, variadic};

tf_provider::model! {
    /// Joins texts, none of which may be empty.
    pub(crate) struct Join {
        /// Between the texts.
        separator: String = required(),
        /// The texts.
        parts: Vec<String> = variadic(),
    }
}

tf_provider::model! {
    /// Takes the id of a pet apart, such as `cat/tom`.
    pub(crate) struct ParsePet {
        /// The id.
        id: String = required(),
    }
}

tf_provider::model! {
    /// The parts of the id of a pet.
    pub(crate) struct PetId {
        /// What it is.
        species: String = required(),
        /// What it is called.
        name: String = required(),
    }
}

impl Function for Join {
    type Output = String;
    const NAME: &'static str = "join";
    const SUMMARY: &'static str = "joins texts";

    fn call(self) -> Result<String, FunctionError> {
        match self.parts.iter().position(String::is_empty) {
            Some(index) => Err(FunctionError::variadic(Self::parts, index, "A part is empty.")),
            None => Ok(self.parts.join(&self.separator)),
        }
    }
}

impl Function for ParsePet {
    type Output = PetId;
    const NAME: &'static str = "parse_pet";
    const SUMMARY: &'static str = "takes the id of a pet apart";

    fn call(self) -> Result<PetId, FunctionError> {
        match self.id.split_once('/') {
            Some((species, name)) => Ok(PetId { species: species.to_owned(), name: name.to_owned() }),
            None => Err(FunctionError::argument(Self::id, format!("\"{}\" is not of the form species/name.", self.id))),
        }
    }
}

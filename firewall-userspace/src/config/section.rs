//! Tables as structs.
//!
//! Owns: the macro that makes a table of a struct, so that fields are keys, doc comments are their documentation, and no
//! second list of keys exists that could differ. Refuses: tables whose keys are not known beforehand.

/// Makes a struct that is a table of a config file: each field is a key, its doc comment the key's documentation, the
/// expression its default. A key that is a table itself may leave its documentation to the table's type.
macro_rules! section {
    (
        $(#[doc = $doc:literal])+
        $name:ident {
            $($(#[doc = $key_doc:literal])* $vis:vis $key:ident: $type:ty = $default:expr;)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[doc = $key_doc])* $vis $key: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::config::value::Section for $name {
            fn slot(&mut self, key: &str) -> Option<&mut dyn $crate::config::value::Value> {
                $(if key == stringify!($key) {
                    return Some(&mut self.$key);
                })+
                None
            }

            fn entries(&self) -> Vec<$crate::config::value::Entry> {
                vec![$($crate::config::value::Entry {
                    key: stringify!($key),
                    doc: &[$($key_doc),*],
                    shown: $crate::config::value::Value::show(&self.$key),
                }),+]
            }

            fn doc(&self) -> $crate::config::value::Doc {
                &[$($doc),+]
            }
        }

        impl $crate::config::value::Value for $name {
            fn read(
                &mut self,
                node: &$crate::config::reader::Node<'_>,
                reader: &mut $crate::config::reader::Reader<'_, '_>,
            ) {
                $crate::config::value::read_table(self, node, reader);
            }

            fn show(&self) -> $crate::config::value::Shown {
                use $crate::config::value::Section;
                $crate::config::value::Shown::Table(self.doc(), self.entries())
            }
        }
    };
}
pub(super) use section;

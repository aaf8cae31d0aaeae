//! What tells English from Spanish.

use std::collections::BTreeSet;

/// Words that only one of the languages has, and that its sentences can hardly do without.
pub(crate) const ENGLISH: &str = "the of and is are was were with for from by this that than which not only each at be been has have its \
                       into must takes within below over more most least less when where what who how why cannot could run \
                       runs test tests throughput loss lost packet packets delivers contracted contract expected allowed fails \
                       warns pass warn fail judged measured nothing missing probe probes link links paths host kernel \
                       core cores clock took failed skipped to";
/// As [`ENGLISH`].
pub(crate) const SPANISH: &str = "el los las del que y en por para una un con más menos sin se su lo al como es son está prueba pruebas \
                       caudal pérdida paquetes entrega contrato contratados sonda sondas enlace ruta cumple aviso incumple \
                       medir evaluar núcleo reloj duró fallida omitida";

fn words(list: &str) -> BTreeSet<&str> {
    list.split_whitespace().collect()
}

/// Words of `text` that are of `list`.
pub(crate) fn among(text: &str, list: &str) -> BTreeSet<String> {
    let list = words(list);
    text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).filter(|w| list.contains(w.as_str())).collect()
}

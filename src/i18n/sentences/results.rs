//! The store of results.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    (
        "cannot {action}: another process holds the database {path}",
        "no se puede {action}: otro proceso tiene la base de datos {path}",
    ),
    ("cannot {action}: the disk with {path} is full", "no se puede {action}: el disco de {path} está lleno"),
    ("{path} is damaged or no database", "{path} está dañado o no es una base de datos"),
    (
        "{path} was written by a newer iperftester (form {found}, this one knows up to {known})",
        "{path} lo escribió un iperftester más nuevo (forma {found}; este conoce hasta la {known})",
    ),
    (
        "{path} was written by an older iperftester, and this user may only read it",
        "{path} lo escribió un iperftester más antiguo, y este usuario solo puede leerlo",
    ),
    ("it is cut off after {bytes} bytes", "está cortado tras {bytes} bytes"),
    (
        "it is no campaign run that `iperftester export` wrote",
        "no es una campaña ejecutada escrita por `iperftester export`",
    ),
    (
        "it was written by a newer iperftester (form {found}, this one knows up to {known})",
        "lo escribió un iperftester más nuevo (forma {found}; este conoce hasta la {known})",
    ),
    (
        "it is damaged or was edited: its checksum is not that of its contents",
        "está dañado o se editó: su suma de comprobación no es la de su contenido",
    ),
    ("its campaign run cannot be read", "no se puede leer su campaña ejecutada"),
    (
        "no campaign run is as asked for: `iperftester list` shows all",
        "ninguna campaña ejecutada es como se pide: `iperftester list` las muestra todas",
    ),
    ("`iperftester run` starts a new one", "`iperftester run` empieza una nueva"),
    (
        "`{id}` is of the topology {own}, and the file describes {other}",
        "`{id}` es de la topología {own}, y el fichero describe {other}",
    ),
    ("name its file by `-t FILE`", "indique su fichero con `-t FICHERO`"),
    ("`{id}` has come to its end: there is nothing to resume", "`{id}` llegó a su fin: no hay nada que reanudar"),
    (
        "`{id}` cannot go on: the topology is not the one it began with",
        "`{id}` no puede seguir: la topología no es aquella con la que empezó",
    ),
    ("and {count} more", "y {count} más"),
    (
        "put that back and deploy it, or leave it as it is: {anew}",
        "vuelva a ponerlo y despliéguelo, o déjelo como está: {anew}",
    ),
    (
        "there is no interrupted campaign run of topology {name} to resume",
        "no hay ninguna campaña interrumpida de la topología {name} que reanudar",
    ),
    (
        "`{id}` cannot go on: iperftester {version}, which began it, planned other runs than this one does",
        "`{id}` no puede seguir: iperftester {version}, que la empezó, preveía otras pruebas que este",
    ),
    ("go on with that version; {anew}", "siga con esa versión; {anew}"),
    ("{place} was {was}, is {is}", "{place} era {was}, es {is}"),
    ("not there", "no está"),
    ("cannot make the folder {path}", "no se puede crear la carpeta {path}"),
    ("cannot make the folder in {path}", "no se puede crear la carpeta en {path}"),
    ("cannot open the results in {path}", "no se pueden abrir los resultados en {path}"),
    (
        "cannot bring the results to their present form in {path}",
        "no se pueden llevar los resultados a su forma actual en {path}",
    ),
    ("cannot begin a campaign run in {path}", "no se puede empezar una campaña en {path}"),
    ("cannot store a result in {path}", "no se puede guardar un resultado en {path}"),
    ("cannot take in rescued results in {path}", "no se pueden recoger los resultados rescatados en {path}"),
    ("cannot list the results in {path}", "no se pueden enumerar los resultados en {path}"),
    ("cannot read the results in {path}", "no se pueden leer los resultados en {path}"),
    ("cannot resume a campaign run in {path}", "no se puede reanudar una campaña en {path}"),
    ("cannot import a campaign run in {path}", "no se puede importar una campaña en {path}"),
    ("cannot measure the results in {path}", "no se pueden medir los resultados en {path}"),
    ("cannot remove campaign runs in {path}", "no se pueden quitar campañas ejecutadas en {path}"),
    ("cannot compact the results in {path}", "no se pueden compactar los resultados en {path}"),
    ("resume a campaign run", "reanudar una campaña"),
    ("import a campaign run", "importar una campaña"),
    ("measure the results", "medir los resultados"),
    ("remove campaign runs", "quitar campañas ejecutadas"),
    ("compact the results", "compactar los resultados"),
    ("open the results", "abrir los resultados"),
    ("bring the results to their present form", "llevar los resultados a su forma actual"),
    ("begin a campaign run", "empezar una campaña"),
    ("store a result", "guardar un resultado"),
    ("take in rescued results", "recoger los resultados rescatados"),
    ("list the results", "enumerar los resultados"),
    ("read the results", "leer los resultados"),
    ("cannot read {what} of run {run} of `{id}`", "no se puede leer «{what}» de la prueba {run} de `{id}`"),
    (
        "cannot read the raw output of run {run} of `{id}`",
        "no se puede leer la salida en bruto de la prueba {run} de `{id}`",
    ),
    ("what was asked for", "lo que se pidió"),
    ("cannot read {what} of `{id}`", "no se puede leer {what} de `{id}`"),
    ("the topology", "la topología"),
    ("the routers", "los encaminadores"),
    ("the duration", "la duración"),
    ("there is no campaign run `{id}`", "no hay ninguna campaña ejecutada `{id}`"),
    ("there is a campaign run `{id}` already", "ya hay una campaña ejecutada `{id}`"),
    ("`{id}` has a run {run} already", "`{id}` ya tiene una prueba {run}"),
    (
        "could not keep a result of `{id}` anywhere: {tried}",
        "no se pudo guardar un resultado de `{id}` en ningún sitio: {tried}",
    ),
    ("there is no folder for rescue files", "no hay ninguna carpeta para ficheros de rescate"),
    (
        "wait for the other process or end it (`fuser -v {path}` names it), then try again",
        "espere al otro proceso o termínelo (`fuser -v {path}` dice cuál es) y vuelva a intentarlo",
    ),
    ("free some space in {path}, then try again", "libere espacio en {path} y vuelva a intentarlo"),
    (
        "move it away (`{command}`): a new one is made at the next start; `sqlite3 {path} .recover` shows what can be saved",
        "apártelo (`{command}`): en el próximo inicio se crea uno nuevo; `sqlite3 {path} .recover` muestra lo que se puede salvar",
    ),
    (
        "keep the results elsewhere: `IPERFTESTER_DATA_DIR=FOLDER iperftester …`",
        "guarde los resultados en otro sitio: `IPERFTESTER_DATA_DIR=CARPETA iperftester …`",
    ),
    ("use that newer iperftester, or {else}", "use ese iperftester más nuevo, o {else}"),
    (
        "see that {path} can be written by this user and that its disk is well, or {else}",
        "compruebe que este usuario puede escribir en {path} y que su disco está bien, o {else}",
    ),
    (
        "see that no file stands in the way of {path}, or {else}",
        "compruebe que ningún fichero estorba a {path}, o {else}",
    ),
    (
        "see that {path} can be written by this user, or {else}",
        "compruebe que este usuario puede escribir en {path}, o {else}",
    ),
    ("the other campaign runs are not affected", "las demás campañas ejecutadas no se ven afectadas"),
    ("`iperftester list` shows what there is", "`iperftester list` muestra lo que hay"),
    ("start again: the new one gets an id of its own", "empiece otra vez: la nueva tendrá su propio identificador"),
    ("results are kept in {file} for now: {why}", "los resultados se guardan de momento en {file}: {why}"),
    ("took in {runs} rescued run(s) of `{id}` from {file}", "pruebas rescatadas de `{id}` recogidas de {file}: {runs}"),
    ("rescued results still wait in {file}: {why}", "hay resultados rescatados pendientes en {file}: {why}"),
    (
        "the next `iperftester run`, `list` or `report` takes the file in",
        "el próximo `iperftester run`, `list` o `report` recoge el fichero",
    ),
    (
        "{mend}; the next `iperftester run`, `list` or `report` takes the file in",
        "{mend}; el próximo `iperftester run`, `list` o `report` recoge el fichero",
    ),
    ("the database can only be read here", "la base de datos aquí solo se puede leer"),
    (
        "let a user who may write {path} start `iperftester list` once: that brings it to its present form",
        "haga que un usuario que pueda escribir {path} ejecute `iperftester list` una vez: eso la lleva a su forma actual",
    ),
    (
        "these results are another user's: read them as that user (`sudo iperftester report`), or copy `results.db` to a \
         folder of your own and name that: `IPERFTESTER_DATA_DIR=FOLDER iperftester report`",
        "estos resultados son de otro usuario: léalos como ese usuario (`sudo iperftester report`), o copie `results.db` en \
         una carpeta propia e indíquela: `IPERFTESTER_DATA_DIR=CARPETA iperftester report`",
    ),
    (
        "copy it again from where it came, or export the campaign run again",
        "cópielo otra vez de donde vino, o exporte otra vez la campaña ejecutada",
    ),
    (
        "name files that `iperftester export` wrote; a report by `--format json` is for reading, not for import",
        "indique ficheros escritos por `iperftester export`; un informe de `--format json` es para leer, no para importar",
    ),
    ("use the iperftester that wrote it, or a newer one", "use el iperftester que lo escribió, o uno más nuevo"),
    ("it is not a file of this user", "no es un fichero de este usuario"),
    ("it has no first line", "no tiene primera línea"),
];

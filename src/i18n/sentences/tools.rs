//! What a tool's version lacks and why its output is no measurement, beside what all of them share.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    // Versions
    (
        "{what} needs {tool} {since} or later, {probe} has {found}",
        "para {what} hace falta {tool} {since} o posterior, y {probe} tiene {found}",
    ),
    ("binding to the probe's interface (`--bind-dev`)", "la asociación a la interfaz de la sonda (`--bind-dev`)"),
    ("both directions at once (`--bidir`)", "ambos sentidos a la vez (`--bidir`)"),
    ("pacing by the kernel (`--fq-rate`)", "el ritmo marcado por el núcleo (`--fq-rate`)"),
    (
        "pacing by the kernel at the server (`--fq-rate` with `-R`)",
        "el ritmo marcado por el núcleo en el servidor (`--fq-rate` con `-R`)",
    ),
    ("pacing above 34 Gbit/s (`--fq-rate`)", "un ritmo superior a 34 Gbit/s (`--fq-rate`)"),
    ("sending without a copy at the server (`-Z` with `-R`)", "el envío sin copia en el servidor (`-Z` con `-R`)"),
    ("a segment size above 9216 bytes (`-M`)", "un tamaño de segmento superior a 9216 bytes (`-M`)"),
    (
        "{parts} streams of {tool} {version} take {count} processes with a port each, and {probe} has {room} ports: widen its \
         `ports`, or ask for fewer streams",
        "{parts} flujos de {tool} {version} ocupan {count} procesos con un puerto cada uno, y {probe} tiene {room} puertos: \
         amplíe sus `ports`, o pida menos flujos",
    ),
    // Ends
    (
        "{source} and {destination} have no family of addresses in common",
        "{source} y {destination} no tienen ninguna familia de direcciones en común",
    ),
    ("{probe} has no {family} address", "{probe} no tiene dirección {family}"),
    ("the address of {probe} cannot be resolved: {fault}", "la dirección de {probe} no se puede resolver: {fault}"),
    ("it was not run", "no se ejecutó"),
    // iperf3
    ("there is no output in it", "no contiene ninguna salida"),
    ("one of its processes did not start the test", "uno de sus procesos no empezó la prueba"),
    (
        "{count} outputs one after the other, of several streams each: read them one by one",
        "{count} salidas seguidas, de varios flujos cada una: léalas una por una",
    ),
    (
        "{count} outputs one after the other, of different tests: read them one by one",
        "{count} salidas seguidas, de pruebas distintas: léalas una por una",
    ),
    (
        "{count} outputs one after the other, of tests at different times: read them one by one",
        "{count} salidas seguidas, de pruebas en momentos distintos: léalas una por una",
    ),
    // iperf2
    ("neither iperf's text nor its CSV", "ni es el texto de iperf ni su CSV"),
    ("a bounce-back test is no measurement of throughput", "una prueba de rebote (bounce-back) no mide el caudal"),
    ("no number of datagrams", "falta el número de datagramas"),
    ("no transfer and bandwidth", "faltan los datos transferidos y la tasa"),
    ("no transfer", "faltan los datos transferidos"),
    ("no bandwidth", "falta la tasa"),
    ("no interval of time", "falta el intervalo de tiempo"),
    ("no jitter", "falta el jitter"),
    ("no counts of datagrams", "faltan las cuentas de datagramas"),
    ("no count of lost datagrams", "falta la cuenta de datagramas perdidos"),
    ("no count of datagrams", "falta la cuenta de datagramas"),
    ("no row of iperf's CSV", "no es una fila del CSV de iperf"),
    (
        "the rate is the sender's, which is too high by what is still on its way; the receiver's is missing",
        "la tasa es la del emisor, demasiado alta por lo que aún está en camino; falta la del receptor",
    ),
    (
        "iperf rounded the figures to three digits; `-f b` prints all of them",
        "iperf redondeó las cifras a tres dígitos; `-f b` los imprime todos",
    ),
    ("{count} of its streams ended", "terminaron {count} de sus flujos"),
    ("it does not tell how many datagrams it sent", "no dice cuántos datagramas envió"),
    ("the server's figures are missing", "faltan las cifras del servidor"),
    ("it has no figures of its streams", "no tiene cifras de sus flujos"),
    ("stream {stream} has no total", "falta el total del flujo {stream}"),
    (
        "no report of the server came back, so what arrived is not known",
        "no volvió ningún informe del servidor, así que no se sabe qué llegó",
    ),
    ("figures beyond any number", "cifras fuera de todo número"),
    ("it ran {measured} s of {asked} s", "duró {measured} s de {asked} s"),
    (
        "this is the server's side; the client's is needed, and the server's beside it",
        "este es el lado del servidor; hace falta el del cliente, y el del servidor al lado",
    ),
    // mtr and tracepath
    ("its JSON is cut off", "su JSON está cortado"),
    ("hop {at} is missing", "falta el salto {at}"),
    ("hop {at} has figures that cannot be", "el salto {at} tiene cifras imposibles"),
    ("it has no hops", "no tiene saltos"),
    ("its last line, `Resume`, is missing", "falta su última línea, `Resume`"),
    ("its last line has no path MTU", "su última línea no tiene la MTU de la ruta"),
    ("no number of a hop", "falta el número de un salto"),
    ("a hop out of order", "un salto fuera de orden"),
    ("too many hops", "demasiados saltos"),
    ("no hop", "ningún salto"),
    ("a hop without an answer and without `no reply`", "un salto sin respuesta y sin `no reply`"),
    ("no address of a hop", "falta la dirección de un salto"),
    ("no time of a hop", "falta el tiempo de un salto"),
    ("no path MTU", "falta la MTU de la ruta"),
    // connect and path-mtu
    ("it is another kind of measurement", "es otro tipo de medida"),
    ("a time that cannot be", "un tiempo imposible"),
    ("it tried nothing", "no intentó nada"),
    ("its counts are not those of its times", "sus cuentas no son las de sus tiempos"),
    (
        "{tool} reports: none of {count} connections opened: {fault}",
        "{tool} informa: no se abrió ninguna de {count} conexiones: {fault}",
    ),
    ("ping wrote nothing", "ping no escribió nada"),
    ("{size} bytes were not answered", "{size} bytes no tuvieron respuesta"),
    // The budget's account
    (
        "`{test}` from {source} to {destination} sends {rate}, over the {limit} that the campaign's budget allows a test",
        "`{test}` de {source} a {destination} envía {rate}, más de los {limit} que el presupuesto de la campaña permite a una \
         prueba",
    ),
    ("all it can", "todo lo que puede"),
    (
        "this run would send about {planned}, and the campaign's budget has {left} left for {day} ({zone}): {used} of {all} \
         are used",
        "esta campaña enviaría unos {planned}, y a su presupuesto le quedan {left} para el {day} ({zone}): se han usado {used} \
         de {all}",
    ),
    ("`{test}` from {source} to {destination} ({size})", "`{test}` de {source} a {destination} ({size})"),
    (
        "`{test}` from {source} to {destination} ({size}), {more}",
        "`{test}` de {source} a {destination} ({size}), {more}",
    ),
    ("`{test}` from {source} to {destination}", "`{test}` de {source} a {destination}"),
    ("`{test}` from {source} to {destination}, {more}", "`{test}` de {source} a {destination}, {more}"),
    ("{count} more", "{count} más"),
    // Redaction
    (
        "cannot redact the facts of {probe}, so nothing is shown",
        "no se pueden anonimizar los datos de {probe}, así que no se muestra nada",
    ),
    (
        "cannot redact run {id}, so nothing is shown",
        "no se puede anonimizar la prueba {id}, así que no se muestra nada",
    ),
];

//! The topology file: read to a spanned tree, decoded, resolved, validated; every fault at once.

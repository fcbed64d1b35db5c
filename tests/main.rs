//! What holds between the parts: names, routes, the API document, store behaviour, and the deployed stack end to end.

mod openapi;

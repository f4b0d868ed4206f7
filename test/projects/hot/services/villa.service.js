const { service } = require("../../villa.service.js");

module.exports = { ...service, actions: { greet: () => "Hello" } };

// Starts the viewer; a file of its own because the page's security policy allows no script inside it.
SwaggerUIBundle({
  url: 'api-docs/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  filter: true,
  // The default sends the document's address to a third party's validator.
  validatorUrl: null,
});

// Lets Slack's client for node call another address: it takes one as an option, which hubot-slack 3.8.0 does not hand on.
const { createRequire } = require('node:module')
const axios = createRequire(process.cwd() + '/')('axios')
const create = axios.create
const elsewhere = (options) => create.call(axios, { ...options, baseURL: process.env.SLACK_API_URL })
axios.create = elsewhere
if (axios.default) axios.default.create = elsewhere

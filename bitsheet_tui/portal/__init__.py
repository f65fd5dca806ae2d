"""Asks a Bitrix24 portal over its REST interface, politely, and says in plain words what went wrong."""

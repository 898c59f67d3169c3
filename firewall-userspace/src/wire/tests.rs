mod budgets;
mod datagrams;
mod forged;
mod script;
mod streams;

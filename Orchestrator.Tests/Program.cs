using Orchestrator.Tests.Engine.Journal;

// The test host never comes here: it loads this assembly as a library. A test that must kill a process starts the assembly as a program.
if (args is [JournalWriter.Option, var path]) return await JournalWriter.RunAsync(path);
await Console.Error.WriteLineAsync("Run the tests with ./test or dotnet test.");
return 2;

using Xunit;

namespace Orchestrator.Tests.Nemesis;

/// <summary>Tests that need the machine for themselves: they run when no other does.</summary>
[CollectionDefinition(nameof(NemesisCollection), DisableParallelization = true)]
public sealed class NemesisCollection;

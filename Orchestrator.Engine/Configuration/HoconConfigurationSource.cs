using Microsoft.Extensions.Configuration;

namespace Orchestrator.Engine.Configuration;

/// <summary>HOCON texts, on top of the built-in defaults, as one source of <c>Microsoft.Extensions.Configuration</c>.</summary>
/// <remarks>One source for all of them, because HOCON replaces a list where the configuration builder would mix two lists item by item.</remarks>
/// <param name="texts">Name and content of each; later ones override.</param>
/// <param name="environment">See <see cref="Hocon.Read(IEnumerable{ValueTuple{string, string}}, Func{string, string?}?, IHoconFiles?)"/>.</param>
/// <param name="files">Likewise.</param>
public sealed class HoconConfigurationSource(
    IReadOnlyList<(string Name, string Text)> texts, Func<string, string?>? environment = null, IHoconFiles? files = null) : IConfigurationSource
{
    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new HoconConfigurationProvider(() => HoconConfiguration.Values(texts, environment, files));
}

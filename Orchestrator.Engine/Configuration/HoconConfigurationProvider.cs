using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Orchestrator.Engine.Configuration;

/// <summary>Values of HOCON under keys with colons: <c>akka.remote</c> is <c>akka:remote</c>, the first item of a list ends in <c>:0</c>.</summary>
public sealed class HoconConfigurationProvider(Func<HoconObject> read) : ConfigurationProvider
{
    private readonly Dictionary<string, HoconOrigin> _origins = new(StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override void Load()
    {
        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        _origins.Clear();
        Add(read(), "", data);
        Data = data;
    }

    /// <summary>Where the value of a key was written.</summary>
    public bool TryGetOrigin(string key, out HoconOrigin origin) => _origins.TryGetValue(key, out origin);

    private void Add(HoconValue value, string key, Dictionary<string, string?> data)
    {
        switch (value)
        {
            case HoconObject block:
                foreach (var (name, inner) in block.Fields)
                {
                    if (name.Contains(':', StringComparison.Ordinal)) throw new HoconException(inner.Origin, $"the key \"{name}\" may not hold a colon");
                    Add(inner, Under(key, name), data);
                }
                break;
            case HoconArray array:
                for (var i = 0; i < array.Items.Count; i++) Add(array.Items[i], Under(key, i.ToString(CultureInfo.InvariantCulture)), data);
                break;
            case HoconScalar scalar:
                if (!data.TryAdd(key, scalar.Text)) throw new HoconException(scalar.Origin, $"the key {key.Replace(':', '.')} is there in another spelling (small and capital letters)");
                _origins[key] = scalar.Origin;
                break;
        }
    }

    private static string Under(string key, string name) => key.Length == 0 ? name : $"{key}:{name}";
}

using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Conversion;

/// <summary>What webhooks have answered in the course of one decision, so that the rule that asked can run again and go on. Not thread-safe.</summary>
public sealed class ConvertedObjects
{
    private readonly Dictionary<(string Version, string Json), (JsonObject? Object, string Failure)> _answers = [];

    /// <summary>Keeps an answer, which belongs to this afterwards.</summary>
    public void Add(ConversionElsewhereException question, JsonObject answer) => _answers[Key(question.Object, question.To)] = (answer, "");

    /// <summary>Keeps that there is no answer, and why.</summary>
    public void Fail(ConversionElsewhereException question, string why) => _answers[Key(question.Object, question.To)] = (null, why);

    /// <summary>The object as it was answered, a copy. Throws <see cref="ConversionElsewhereException"/> where nobody has asked, <see cref="ConversionFailedException"/> where there was no answer.</summary>
    internal JsonObject Get(JsonObject obj, ResourceKind to)
    {
        if (!_answers.TryGetValue(Key(obj, to), out var answer)) throw new ConversionElsewhereException(obj, to);
        return answer.Object?.DeepClone().AsObject() ?? throw new ConversionFailedException(answer.Failure);
    }

    private static (string Version, string Json) Key(JsonObject obj, ResourceKind to) => (to.ApiVersion, obj.ToJsonString());
}

using System.Text;
using Orchestrator.Engine.Configuration;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Configuration;

public sealed class HoconTests
{
    /// <summary>HOCON beside the same values as compact JSON.</summary>
    public static TheoryData<string, string> Readings => new()
    {
        { "", "{}" },
        { "{}", "{}" },
        { " { a : 1 } ", """{"a":"1"}""" },
        { "a = 1, b = 2", """{"a":"1","b":"2"}""" },
        { "a = 1\nb = 2\n\n", """{"a":"1","b":"2"}""" },
        { "a = hello big world  ", """{"a":"hello big world"}""" },
        { "a = hello // comment\nb = x # comment", """{"a":"hello","b":"x"}""" },
        { "# only\n// comments", "{}" },
        { "url = /run/docker.sock", """{"url":"/run/docker.sock"}""" },
        { "a = \"x = { } // # ${y}\"", """{"a":"x = { } // # ${y}"}""" },
        { """a = "tab\t \"quoted\" \u00e9 \\ \/" """, """{"a":"tab\t \"quoted\" é \\ /"}""" },
        { "a = \"\"\"two\nlines \"quoted\"\"\"\"", """{"a":"two\nlines \"quoted\""}""" },
        { "a = \"x\" y \"z\"", """{"a":"x y z"}""" },
        { "a = null", """{"a":null}""" },
        { "a = \"\"", """{"a":""}""" },
        { "a.b.c = 1", """{"a":{"b":{"c":"1"}}}""" },
        { "a.\"b.c\".d = 1", """{"a":{"b.c":{"d":"1"}}}""" },
        { "\"kubernetes.io/os\" = linux", """{"kubernetes.io/os":"linux"}""" },
        { "a b = 1", """{"a b":"1"}""" },
        { "a { b = 1 }", """{"a":{"b":"1"}}""" },
        { "a = \n 1", """{"a":"1"}""" },
        { "a = [1, two three, \"4\",]", """{"a":["1","two three","4"]}""" },
        { "a = [\n1\n2\n\n3\n]", """{"a":["1","2","3"]}""" },
        { "a = [[1], {b = 2}]", """{"a":[["1"],{"b":"2"}]}""" },
        { "a = []", """{"a":[]}""" },
        { "a = 1, a = 2", """{"a":"2"}""" },
        { "a { b = 1 }, a { c = 2 }", """{"a":{"b":"1","c":"2"}}""" },
        { "a { b = 1, c = 2 }, a.b = 3", """{"a":{"b":"3","c":"2"}}""" },
        { "a { b = 1 }, a = 2", """{"a":"2"}""" },
        { "a = 2, a { b = 1 }", """{"a":{"b":"1"}}""" },
        { "a { b = 1 }, a = null, a { c = 2 }", """{"a":{"c":"2"}}""" },
        { "a = [1], a = [2]", """{"a":["2"]}""" },
        { "a = [1] [2, 3]", """{"a":["1","2","3"]}""" },
        { "a = {b = 1} {c = 2}", """{"a":{"b":"1","c":"2"}}""" },
        { "a = 1, b = ${a}", """{"a":"1","b":"1"}""" },
        { "b = ${a}, a = 1", """{"b":"1","a":"1"}""" },
        { "b = ${a}, a = 1, a = 2", """{"b":"2","a":"2"}""" },
        { "dir = /data, file = ${dir}/journal.db", """{"dir":"/data","file":"/data/journal.db"}""" },
        { "a { x = 1 }, b = ${a} { y = 2 }", """{"a":{"x":"1"},"b":{"x":"1","y":"2"}}""" },
        { "a { x = 1 }, b = ${a}, b { x = 2 }", """{"a":{"x":"1"},"b":{"x":"2"}}""" },
        { "a { b = 1, c = ${a.b} }", """{"a":{"b":"1","c":"1"}}""" },
        { "a = [1], b = ${a} [2]", """{"a":["1"],"b":["1","2"]}""" },
        { "a = ${?missing}", "{}" },
        { "a = 1, a = ${?missing}", """{"a":"1"}""" },
        { "a = x ${?missing} y", """{"a":"x  y"}""" },
        { "a = ${?missing} y", """{"a":"y"}""" },
        { "a = [${?missing}, 1]", """{"a":["1"]}""" },
        { "path = /bin, path = ${path}\":/sbin\"", """{"path":"/bin:/sbin"}""" },
        { "a = [1], a = ${a} [2], a = ${a} [3]", """{"a":["1","2","3"]}""" },
        { "a = [1], a += 2, a += 3", """{"a":["1","2","3"]}""" },
        { "a += 1", """{"a":["1"]}""" },
        { "x { a += 1 }, x { a += 2 }", """{"x":{"a":["1","2"]}}""" },
        { "home = ${HOME}", """{"home":"/root"}""" },
        { "port = 1, port = ${?PORT}", """{"port":"99"}""" },
        { "HOME = mine, a = ${HOME}", """{"HOME":"mine","a":"mine"}""" },
        { "\uFEFFa = 1\r\nb = 2\r\n", """{"a":"1","b":"2"}""" },
        { "include = 1", """{"include":"1"}""" },
        { "a = 1+1, b = -5, c = 1e+3", """{"a":"1+1","b":"-5","c":"1e+3"}""" },
    };

    [Theory]
    [MemberData(nameof(Readings))]
    public void Reads(string text, string json) => Json(Hocon.Read("test.hocon", text, Environment)).ShouldBe(json);

    [Theory]
    [InlineData("a", 1, "expected '=', ':', '+=' or '{' after the key a")]
    [InlineData("x = 1\na = ", 2, "a value is missing")]
    [InlineData("a {\n b = 1\n", 1, "no closing '}'")]
    [InlineData("\na = [1, 2", 2, "no closing ']'")]
    [InlineData("a = 1\n}\n", 2, "expected a key, found '}'")]
    [InlineData("a = \"open\nb = 1", 1, "no end on its line")]
    [InlineData("a = \"\"\"open", 1, "triple-quoted")]
    [InlineData("a = \"\\x\"", 1, "unknown escape")]
    [InlineData("a = \"\\u12\"", 1, "four hexadecimal digits")]
    [InlineData("a = host:80", 1, "quote the value")]
    [InlineData("a = *", 1, "needs quotes")]
    [InlineData("a..b = 1", 1, "two in a row")]
    [InlineData("\n\n= 1", 3, "expected a key, found '='")]
    [InlineData("a = ${b}", 1, "${b} has no value")]
    [InlineData("a = 1\nb = ${a", 2, "expected '}'")]
    [InlineData("a = ${b}\nb = ${a}", 2, "${a} has no value here")]
    [InlineData("a = ${a}", 1, "${a} has no value here")]
    [InlineData("a = [1] x", 1, "cannot be joined")]
    [InlineData("{ a = 1 } b", 1, "nothing may follow")]
    [InlineData("a = 1 b = 2", 1, "quote the value")]
    [InlineData("include classpath(\"x\")", 1, "write include \"file\"")]
    public void A_mistake_is_told_with_file_and_line(string text, int line, string problem)
    {
        var error = Should.Throw<HoconException>(() => Hocon.Read("my.hocon", text, Environment));
        error.Origin.ShouldBe(new HoconOrigin("my.hocon", line));
        error.Message.ShouldStartWith($"my.hocon:{line}: ");
        error.Message.ShouldContain(problem);
    }

    [Fact]
    public void An_include_stands_for_the_fields_of_the_file_and_later_fields_override_it()
    {
        var files = new Files { ["/etc/main.hocon"] = "a = 1\ninclude \"sub/more.hocon\"\nb = 3", ["/etc/sub/more.hocon"] = "a = 2, b = 2, include \"leaf.hocon\"", ["/etc/sub/leaf.hocon"] = "c = 4" };
        Json(Read(files)).ShouldBe("""{"a":"2","b":"3","c":"4"}""");
    }

    [Fact]
    public void A_substitution_in_an_included_file_is_looked_up_where_the_file_is_included_first_and_then_at_the_root()
    {
        var files = new Files { ["/etc/main.hocon"] = "port = 1, host = h, inner { include \"inner.hocon\" }", ["/etc/inner.hocon"] = "port = 2, own = ${port}, outer = ${host}, list += 1, list += 2" };
        Json(Read(files)).ShouldBe("""{"port":"1","host":"h","inner":{"port":"2","own":"2","outer":"h","list":["1","2"]}}""");
    }

    [Fact]
    public void A_missing_include_and_a_circle_of_includes_are_errors_where_they_are_written()
    {
        Should.Throw<HoconException>(() => Read(new Files { ["/etc/main.hocon"] = "a = 1\ninclude \"gone\"" })).Message.ShouldBe("/etc/main.hocon:2: the included file /etc/gone cannot be read");
        var circle = new Files { ["/etc/main.hocon"] = "include \"b\"", ["/etc/b"] = "\ninclude \"main.hocon\"" };
        Should.Throw<HoconException>(() => Read(circle)).Message.ShouldContain("/etc/b:2: /etc/main.hocon includes itself");
    }

    [Fact]
    public void Values_know_where_they_were_written()
    {
        var root = Hocon.Read("f", "a = 1\nb {\n  c = 2\n}\nd = ${b.c}");
        root.Fields["a"].Origin.Line.ShouldBe(1);
        ((HoconObject)root.Fields["b"]).Fields["c"].Origin.Line.ShouldBe(3);
        root.Fields["d"].Origin.Line.ShouldBe(3);
    }

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    public void Nesting_without_end_is_an_error_and_not_a_crash(char bracket)
    {
        var text = new StringBuilder("a = ");
        for (var i = 0; i < 100_000; i++) text.Append(bracket == '[' ? "[" : "{a=");
        Should.Throw<HoconException>(() => Hocon.Read("f", text.ToString())).Message.ShouldContain("nesting");
    }

    [Fact]
    public void A_path_without_end_is_an_error_and_not_a_crash() =>
        Should.Throw<HoconException>(() => Hocon.Read("f", string.Join('.', Enumerable.Repeat("a", 100_000)) + " = 1")).Message.ShouldContain("parts");

    [Fact]
    public void Substitutions_that_multiply_are_stopped()
    {
        var texts = new StringBuilder("t0 = xxxxxxxxxx\nl0 = [1, 1, 1, 1]\n");
        for (var i = 1; i < 60; i++) texts.Append(System.Globalization.CultureInfo.InvariantCulture, $"t{i} = ${{t{i - 1}}}${{t{i - 1}}}\nl{i} = ${{l{i - 1}}} ${{l{i - 1}}}\n");
        Should.Throw<HoconException>(() => Hocon.Read("f", texts.ToString())).Message.ShouldContain("too large");
    }

    [Fact]
    public void A_long_chain_of_substitutions_is_an_error_and_not_a_crash()
    {
        var text = string.Join('\n', Enumerable.Range(0, 100_000).Select(i => $"a{i} = ${{a{i + 1}}}"));
        Should.Throw<HoconException>(() => Hocon.Read("f", text)).Message.ShouldContain("too large");
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_with_the_readers_own_error()
    {
        var seed = System.Environment.TickCount;
        var random = new Random(seed);
        // Mostly the pieces that mean something, so that the texts get deep into the reader.
        string[] pieces = ["{", "}", "[", "]", "=", ":", "+=", ",", "\n", " ", "a", "b.c", "\"", "\"\"\"", "\\", "${", "${?a}", "${b.c}", "#", "//", "include ", "1", "null", ".", "é", "\0", "\uD800"];
        for (var round = 0; round < 20_000; round++)
        {
            var text = new StringBuilder();
            for (var length = random.Next(40); length > 0; length--)
            {
                if (random.Next(10) == 0) text.Append((char)random.Next(char.MaxValue));
                else text.Append(pieces[random.Next(pieces.Length)]);
            }
            try
            {
                Hocon.Read("fuzz", text.ToString(), _ => null, new Files());
            }
            catch (HoconException)
            {
                // Its own error is what it may answer.
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}, round {round}: {text}", error);
            }
        }
    }

    [Fact]
    public void Values_written_as_text_read_back_the_same()
    {
        var seed = System.Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 500; round++)
        {
            var json = Json(Block(random, 0));
            Json(Hocon.Read("round", json)).ShouldBe(json, $"seed {seed}, round {round}");
        }
    }

    private static HoconObject Block(Random random, int depth) =>
        new(Enumerable.Range(0, random.Next(4)).ToDictionary(i => $"{Text(random)}{i}", _ => Value(random, depth + 1)), default);

    private static HoconValue Value(Random random, int depth) => (depth > 4 ? 0 : random.Next(4)) switch
    {
        1 => Block(random, depth),
        2 => new HoconArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth + 1))], default),
        _ => new HoconScalar(random.Next(10) == 0 ? null : Text(random), default),
    };

    private static string Text(Random random)
    {
        const string letters = "ab.\"\\ \n\t${}[]=:,#/éß☃";
        return new string([.. Enumerable.Range(0, random.Next(8)).Select(_ => letters[random.Next(letters.Length)])]);
    }

    private static HoconObject Read(Files files) => Hocon.Read("/etc/main.hocon", files["/etc/main.hocon"], Environment, files);

    private static string? Environment(string name) => name switch { "HOME" => "/root", "PORT" => "99", _ => null };

    private static string Json(HoconValue value) => value switch
    {
        HoconScalar { Text: null } => "null",
        HoconScalar scalar => Quote(scalar.Text!),
        HoconArray array => $"[{string.Join(',', array.Items.Select(Json))}]",
        HoconObject block => $"{{{string.Join(',', block.Fields.Select(field => $"{Quote(field.Key)}:{Json(field.Value)}"))}}}",
        _ => throw new InvalidOperationException(value.ToString()),
    };

    private static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(
        text, new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private sealed class Files : Dictionary<string, string>, IHoconFiles
    {
        public string Find(string name, string includedBy) => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(includedBy) is { Length: > 0 } folder ? folder : "/", name.Replace('\0', '0')));

        public string? Read(string file) => this.GetValueOrDefault(file);
    }
}
